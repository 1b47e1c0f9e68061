import { GraphQLError } from 'graphql';
import type { TokenReading } from './createTokenIssuer.ts';
import type { Operation, Operations } from './readOperations.ts';

/** The operations that are refused, and the state of their token. */
export interface Refusal {
  readonly reading: TokenReading;
  readonly operations: Operations;
  /** Whether a subscription was requested as an event stream. */
  readonly streams: boolean;
}

/**
 * How an operation with a missing or invalid token is refused.
 *
 * - `native`: as the real API refuses it
 * - `challenge401`: JSON and a `WWW-Authenticate` challenge
 * - `graphqlResponse401`: `application/graphql-response+json` with errors and no data
 * - `code200`: errors with the code UNAUTHENTICATED, no data, no path
 * - `resolver200`: guards of each root field, as in Apollo Server and Nest: each is null and has an error with its path
 * - `message200`: only the message `Unauthorized`
 * - `text401`, `html401`, `empty401`: the response of a proxy in front of the GraphQL server
 * - `status500code`: an error that was thrown while the GraphQL context was created
 */
export type RefusalShape =
  | 'native'
  | 'challenge401'
  | 'graphqlResponse401'
  | 'code200'
  | 'resolver200'
  | 'message200'
  | 'text401'
  | 'empty401'
  | 'html401'
  | 'status500code';

const unauthenticated = {
  errors: [{ message: 'Unauthenticated', extensions: { code: 'UNAUTHENTICATED' } }],
};

const inactive = { error: 'invalid_token', error_description: 'Token is not active' };

/** The shapes that every server can use. The schema's guards implement `resolver200`. */
export const refusalShapes: Readonly<
  Record<Exclude<RefusalShape, 'native' | 'resolver200'>, (refusal: Refusal) => Response>
> = {
  challenge401: ({ reading }) =>
    reading.state === 'missing'
      ? json(401, { error: 'unauthorized' }, { 'www-authenticate': 'Bearer realm="api"' })
      : json(401, inactive, { 'www-authenticate': challenge('api', inactive) }),

  graphqlResponse401: refusal =>
    json(401, forEach(refusal, unauthenticated), {
      'content-type': 'application/graphql-response+json',
    }),

  code200: refusal => result(refusal, () => unauthenticated),

  message200: refusal => result(refusal, () => ({ errors: [{ message: 'Unauthorized' }] })),

  text401: () =>
    new Response('Unauthorized', {
      status: 401,
      headers: { 'content-type': 'text/plain' },
    }),

  empty401: () => new Response(null, { status: 401 }),

  html401: () =>
    new Response('<!doctype html><title>401</title><h1>Authorization Required</h1>', {
      status: 401,
      headers: { 'content-type': 'text/html' },
    }),

  status500code: refusal => json(500, forEach(refusal, unauthenticated)),
};

/** The error that a guard throws. */
export const unauthorized = (): GraphQLError =>
  new GraphQLError('Unauthorized', { extensions: { code: 'UNAUTHENTICATED' } });

/** A `WWW-Authenticate` header. */
export const challenge = (
  realm: string,
  { error, error_description }: { error: string; error_description: string },
): string => `Bearer realm="${realm}", error="${error}", error_description="${error_description}"`;

/** A JSON response. */
export function json(status: number, body: unknown, headers: Readonly<Record<string, string>> = {}): Response {
  return Response.json(body, { status, headers });
}

/** A result for each operation: an array for a batch, one event if an event stream was requested. */
export function result(
  refusal: Refusal,
  bodyOf: (operation: Operation) => object,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): Response {
  const { list, batched } = refusal.operations;
  const bodies = list.map(bodyOf);
  if (!refusal.streams || status !== 200) return json(status, batched ? bodies : bodies[0], headers);
  return new Response(`event: next\ndata: ${JSON.stringify(bodies[0])}\n\nevent: complete\ndata:\n\n`, {
    status,
    headers: {
      'content-type': 'text/event-stream',
      'cache-control': 'no-cache',
    },
  });
}

const forEach = ({ operations }: Refusal, body: object): object =>
  operations.batched ? operations.list.map(() => body) : body;
