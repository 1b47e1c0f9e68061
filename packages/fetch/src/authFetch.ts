import type { TokenManager, TokenSet } from '@latchkey/core';
import {
  type AdapterOptions,
  type AuthChoice,
  allowedOrigins,
  checkAttempt,
  type DecideOptions,
  isFromElsewhere,
  isNetworkError,
  isRefusal,
  type ResponseFacts,
} from '@latchkey/core/adapter';
import { attach, bringsOwnToken, isRequest, mayHaveBody, urlOf } from './attach.ts';
import { type Answer, readAnswer, readOperation, readRequest, type SentRequest, sentRequest } from './readResponse.ts';

export interface AuthFetchOptions extends AdapterOptions {
  /** @defaultValue the global one at the time of the call */
  readonly fetch?: typeof fetch;
}

/** A fetch with one more option: whether a request carries the token. */
export type AuthFetch = (input: RequestInfo | URL, init?: AuthInit) => Promise<Response>;

export type AuthInit = RequestInit & { readonly auth?: AuthChoice };

/**
 * A fetch that stays signed in: attaches the token, has it renewed when a server refuses it, and sends the request again. For
 * everything that takes a fetch: graphql-request, Relay, TanStack Query, plain code.
 *
 * @throws TokenError where the answer would have been a refusal that a renewal cannot mend
 */
export function authFetch(auth: TokenManager, options: AuthFetchOptions = {}): AuthFetch {
  const { origins, fetch: given, ...choices } = options;
  const isAllowed = origins && allowedOrigins(origins);
  return async (input, wanted) => {
    const init: AuthInit = wanted ?? {}; // null, too, as fetch itself
    const choice = init.auth; // stays there: a nested authFetch reads it
    const send = given ?? fetch;
    const isForUs = choice !== 'omit' && (!isAllowed || isAllowed(urlOf(input))) && !bringsOwnToken(input, init);
    return isForUs ? new AuthRequest(auth, choices, send, input, init).run() : send(input, init);
  };
}

/** Also what Node takes for a body: its own streams, generators. */
const isStream = (body: unknown) =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body);

/** Frees the connection. Not awaited: the body of a copy ends when the last copy does. */
async function discard(response: Response): Promise<void> {
  await response.body?.cancel?.();
}

/** What an attempt has sent, and whether it is the retry. */
interface Sending {
  readonly sent: TokenSet | null;
  readonly retried: boolean;
}

/** One request, from the call to its last answer. */
class AuthRequest {
  readonly #auth: TokenManager;
  readonly #choices: DecideOptions;
  readonly #send: typeof fetch;
  readonly #input: RequestInfo | URL;
  readonly #init: AuthInit;
  /** What a retry sends: a body can be sent once. */
  readonly #retryInput: RequestInfo | URL;
  readonly #signal: AbortSignal | null | undefined;
  #request: SentRequest | undefined;

  constructor(
    auth: TokenManager,
    choices: DecideOptions,
    send: typeof fetch,
    input: RequestInfo | URL,
    init: AuthInit,
  ) {
    this.#auth = auth;
    this.#choices = choices;
    this.#send = send;
    this.#input = input;
    this.#init = init;
    const request = isRequest(input) ? input : undefined;
    this.#signal = init.signal ?? request?.signal;
    this.#retryInput = request && mayHaveBody(request) && init.body == null ? request.clone() : input;
  }

  run(): Promise<Response> {
    const tokens = this.#auth.fresh();
    if (tokens !== undefined) return this.#attempt(tokens, false);
    return new Promise((resolve, fail) => {
      const resume = (granted: TokenSet | null) => resolve(this.#attempt(granted, false)); // at once: the session may end soon
      this.#auth.waitFor({ resume, fail }, this.#signal);
    });
  }

  async #attempt(sent: TokenSet | null, retried: boolean): Promise<Response> {
    checkAttempt(sent, this.#init.auth, undefined, this.#signal);
    const options = attach(this.#input, this.#init, sent && this.#auth.headers(sent), retried);
    const send = this.#send; // a fetch must not be called as a method
    const sending = { sent, retried };
    try {
      const response = await send(retried ? this.#retryInput : this.#input, options);
      return this.#answered(response, sending);
    } catch (error) {
      return this.#failed(error, sending);
    }
  }

  async #answered(response: Response, sending: Sending): Promise<Response> {
    const [answer, facts] = await readAnswer(response);
    const sent = isFromElsewhere(response, urlOf(this.#input)) ? null : sending.sent;
    return this.#judged({ ...sending, sent }, facts, answer);
  }

  #failed(error: unknown, sending: Sending): Promise<Response> {
    if (!isNetworkError(error) || this.#signal?.aborted) return Promise.reject(error);
    return this.#judged(sending, { isNetworkError: true }, undefined, error);
  }

  /** The request is read only where it matters: its body may take its time. */
  async #judged(sending: Sending, answer: Answer, response?: Response, error?: unknown): Promise<Response> {
    const facts = { kind: 'unknown', ...answer, ...sending, auth: this.#init.auth } as const;
    if (!isRefusal(this.#auth, facts, this.#choices)) return this.#decide(facts, response, error);
    this.#request ??= await readRequest(this.#retryInput, this.#init);
    return this.#decide({ ...facts, ...readOperation(this.#request) }, response, error);
  }

  /** Delivers the response or the error, sends the request again, or fails. */
  #decide(facts: ResponseFacts, response: Response | undefined, error: unknown): Promise<Response> {
    const request = () => this.#request ?? sentRequest(this.#input, this.#init);
    return new Promise((resolve, fail) => {
      const attempt = {
        ...facts,
        isConsumed: isStream(this.#init.body),
        /** Of a good answer read only while a refusal is remembered. */
        get operation() {
          return request().operation;
        },
        resume: (tokens: TokenSet) => resolve(this.#attempt(tokens, true)), // at once: the session may end soon
        fail,
      };
      const decision = this.#auth.decide(attempt, this.#choices, this.#signal);
      if (!decision) return response ? resolve(response) : fail(error);
      if (response) discard(response).catch(() => {}); // somebody else may read it
      if (decision !== 'wait') fail(decision);
    });
  }
}
