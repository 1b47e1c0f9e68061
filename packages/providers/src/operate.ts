import type { GraphQLErrorLike, ResponseFacts, TokenManager, TokenSet } from '@latchkey/core';

/** The last answer to an operation. */
export interface Operated {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLErrorLike[];
  /** How many times the operation was sent. */
  readonly attempts: number;
}

/** Does with one operation what an adapter does: attach, send, settle, and retry when the core decides so. For tests. */
export async function operate(
  auth: Pick<TokenManager<never>, 'get' | 'headers' | 'settle'>,
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
      repeated: attempts > 1,
      response: () => response,
    };
    tokens = await auth.settle(facts);
    if (!tokens) return { status, data, ...(errors && { errors }), attempts };
  }
}
