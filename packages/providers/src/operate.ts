import type { TokenManager, TokenSet } from '@latchkey/core';
import type { Attempt, GraphQLErrorLike, ResponseFacts } from '@latchkey/core/adapter';

/** The last answer to an operation. */
export interface Operated {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLErrorLike[];
  /** How many times the operation was sent. */
  readonly attempts: number;
}

/** What becomes of an answer: a token set for the retry, `undefined` to deliver it, or the operation's error. */
export function settle(auth: Pick<TokenManager, 'decide'>, facts: ResponseFacts): Promise<TokenSet | undefined> {
  return new Promise((resume, fail) => {
    const attempt: Attempt = { ...facts, resume, fail };
    const decision = auth.decide(attempt, {});
    if (!decision) resume(undefined as never);
    else if (decision !== 'wait') fail(decision);
  });
}

/** Runs one operation as an adapter does: attach, send, decide, and retry when the core decides so. For tests. */
export async function operate(
  auth: Pick<TokenManager<never>, 'get' | 'headers' | 'decide'>,
  url: string,
  query = '{ me { name } }',
): Promise<Operated> {
  let tokens: TokenSet | null | undefined = await auth.get();
  for (let attempts = 1; ; attempts++) {
    const headers = { 'content-type': 'application/json', ...(tokens && auth.headers(tokens)) };
    const response = await fetch(url, { method: 'POST', headers, body: JSON.stringify({ query }) });
    const { status } = response;
    const body = (await response.json()) as { data?: unknown; errors?: readonly GraphQLErrorLike[] };
    const { data, errors } = body;
    const facts: ResponseFacts = {
      sent: tokens,
      kind: query.startsWith('mutation') ? 'mutation' : 'query',
      operation: query,
      status,
      challenge: response.headers.get('www-authenticate'),
      data,
      errors,
      ...(data === undefined && errors === undefined && { body }),
      retried: attempts > 1,
      response: () => response,
    };
    tokens = await settle(auth, facts);
    if (!tokens) return { status, data, ...(errors && { errors }), attempts };
  }
}
