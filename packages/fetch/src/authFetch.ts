import {
  type AdapterOptions,
  type AuthChoice,
  checkAttempt,
  mayHaveToken,
  type TokenManager,
  type TokenSet,
} from '@latchkey/core';
import { attach, bringsOwnToken, isRequest } from './attach.ts';
import { type Asked, readAnswer, readOperation, readRequest, requestIn } from './readResponse.ts';

export interface AuthFetchOptions extends AdapterOptions {
  /** @defaultValue the global one at the time of the call */
  readonly fetch?: typeof fetch;
}

/** A fetch that also takes what one request wants of the token. */
export type AuthFetch = (
  input: RequestInfo | URL,
  init?: RequestInit & { readonly auth?: AuthChoice },
) => Promise<Response>;

/** Also what Node takes for a body: its own streams, generators. */
const isStream = (body: unknown) =>
  typeof body === 'object' && body !== null && (Symbol.asyncIterator in body || 'getReader' in body);

/**
 * A fetch that stays signed in: attaches the token, has it renewed when a server refuses it, and sends the request again.
 * For everything that takes a fetch: graphql-request, Relay, TanStack Query, plain code.
 *
 * @throws TokenError where the answer would have been a refusal that cannot be mended
 */
export function authFetch(auth: TokenManager, options: AuthFetchOptions = {}): AuthFetch {
  const { origins, fetch: given, ...settling } = options;
  const isListed = mayHaveToken(origins);

  return async (input, wanted) => {
    const { auth: choice, ...init } = wanted ?? {}; // null, too, as fetch itself
    const send = given ?? fetch;
    const request = isRequest(input) ? input : undefined;
    const isOurs = isListed(request?.url ?? (input as string | URL));
    if (choice === 'omit' || !isOurs || bringsOwnToken(input, init)) return send(input, init);

    const signal = init.signal ?? request?.signal;
    const repeatable = request?.body && !init.body ? request.clone() : input; // a body is sent once
    const isConsumed = isStream(init.body);
    let asked: Asked | undefined;

    async function attempt(sent: TokenSet | null, repeated: boolean): Promise<Response> {
      const options = attach(input, init, sent && auth.headers(sent), repeated);
      const response = await send(repeated ? repeatable : input, options);
      const answer = await readAnswer(response);
      const isGood = response.ok && !answer.errors?.length && answer.body === undefined;
      if (!isGood) asked ??= await readRequest(repeatable, init);
      const facts = {
        ...(asked && !isGood ? readOperation(asked) : ({ kind: 'unknown' } as const)),
        ...answer,
        sent,
        repeated,
        isConsumed,
        /** Of a good answer asked for only where a refusal is remembered. */
        get operation() {
          return (asked ?? requestIn(input, init)).operation;
        },
      };
      const tokens = await auth.settle(facts, { ...settling, signal });
      if (!tokens) return response;
      await response.body?.cancel();
      return attempt(tokens, true);
    }

    const fresh = auth.fresh();
    const tokens = fresh !== undefined ? fresh : await auth.get({ signal });
    checkAttempt(tokens, { auth: choice, signal });
    return attempt(tokens, false);
  };
}
