import type { TokenManager, TokenSet } from '@latchkey/core';
import {
  type AdapterOptions,
  type AuthChoice,
  allowedOrigins,
  checkAttempt,
  type DecideOptions,
} from '@latchkey/core/adapter';
import { attach, bringsOwnToken, isRequest } from './attach.ts';
import { isGood, readAnswer, readOperation, readRequest, type SentRequest, sentRequest } from './readResponse.ts';

export interface AuthFetchOptions extends AdapterOptions {
  /** @defaultValue the global one at the time of the call */
  readonly fetch?: typeof fetch;
}

/** A fetch with one more option: whether a request carries the token. */
export type AuthFetch = (
  input: RequestInfo | URL,
  init?: RequestInit & { readonly auth?: AuthChoice },
) => Promise<Response>;

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
    const init = wanted ?? {}; // null, too, as fetch itself
    const choice = init.auth; // stays there: a nested authFetch reads it
    const send = given ?? fetch;
    const url = isRequest(input) ? input.url : input;
    const carriesToken = choice !== 'omit' && (!isAllowed || isAllowed(url)) && !bringsOwnToken(input, init);
    return carriesToken ? new AuthRequest(auth, choices, send, input, init).run(choice) : send(input, init);
  };
}

/** Also what Node takes for a body: its own streams, generators. */
const isStream = (body: unknown) =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body);

/** One request, from the call to its last answer. */
class AuthRequest {
  readonly #auth: TokenManager;
  readonly #choices: DecideOptions;
  readonly #send: typeof fetch;
  readonly #input: RequestInfo | URL;
  readonly #init: RequestInit;
  /** What a retry sends: a body can be sent once. */
  readonly #retryInput: RequestInfo | URL;
  readonly #signal: AbortSignal | null | undefined;
  #request: SentRequest | undefined;

  constructor(
    auth: TokenManager,
    choices: DecideOptions,
    send: typeof fetch,
    input: RequestInfo | URL,
    init: RequestInit,
  ) {
    this.#auth = auth;
    this.#choices = choices;
    this.#send = send;
    this.#input = input;
    this.#init = init;
    const request = isRequest(input) ? input : undefined;
    this.#signal = init.signal ?? request?.signal;
    this.#retryInput = request?.body && !init.body ? request.clone() : input;
  }

  async run(choice: AuthChoice | undefined): Promise<Response> {
    const fresh = this.#auth.fresh();
    const tokens = fresh !== undefined ? fresh : await this.#auth.get({ signal: this.#signal });
    checkAttempt(tokens, choice, undefined, this.#signal);
    return this.#attempt(tokens, false);
  }

  async #attempt(sent: TokenSet | null, retried: boolean): Promise<Response> {
    const options = attach(this.#input, this.#init, sent && this.#auth.headers(sent), retried);
    const send = this.#send; // a fetch must not be called as a method
    const response = await send(retried ? this.#retryInput : this.#input, options);
    const successor = await this.#successorAfter(response, sent, retried);
    if (!successor) return response;
    await response.body?.cancel();
    return this.#attempt(successor, true);
  }

  /** The token set for a retry; `undefined`: the response is delivered. @throws TokenError when the request fails */
  async #successorAfter(response: Response, sent: TokenSet | null, retried: boolean): Promise<TokenSet | undefined> {
    const answer = await readAnswer(response);
    const isRefusal = !isGood(response, answer);
    if (isRefusal) this.#request ??= await readRequest(this.#retryInput, this.#init);
    const request = () => this.#request ?? sentRequest(this.#input, this.#init);
    return new Promise((resume, fail) => {
      const attempt = {
        ...(isRefusal ? readOperation(request()) : ({ kind: 'unknown' } as const)),
        ...answer,
        sent,
        retried,
        isConsumed: isStream(this.#init.body),
        /** Of a good answer read only while a refusal is remembered. */
        get operation() {
          return request().operation;
        },
        resume,
        fail,
      };
      const decision = this.#auth.decide(attempt, this.#choices, this.#signal);
      if (!decision) resume(undefined);
      else if (decision !== 'wait') fail(decision);
    });
  }
}
