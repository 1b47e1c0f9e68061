import type { GraphQLErrorLike, ResponseFacts, TokenManager, TokenSet } from '@latchkey/core';

/** What became of an operation. */
export interface Operated {
  readonly status: number;
  readonly data?: unknown;
  readonly errors?: readonly GraphQLErrorLike[];
  /** How often it was sent. */
  readonly attempts: number;
}

/** What an adapter does with one operation, for the tests: attach, send, settle, and once more when the core says so. */
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
