import type { TokenSet } from '../tokens/tokenSet.ts';

/** An error of a GraphQL answer. Servers send anything: no field is certain. */
export interface GraphQLErrorLike {
  readonly message?: unknown;
  readonly path?: readonly (string | number)[] | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/**
 * Whether an operation carries the token, in the client's own context: `omit`, it does not; `optional`, it does when a user is
 * signed in; `required`, it fails with `signedOut` when nobody is; `unjudged`, as `optional`, but its refusal is about something
 * else, as a password that was typed, and is delivered. So is the refusal of an anonymous operation.
 *
 * @defaultValue 'optional'
 */
export type AuthChoice = 'omit' | 'optional' | 'required' | 'unjudged';

/** The part of an HTTP response that may bring a token. */
export type ReceivedResponse = Pick<Response, 'headers' | 'url' | 'redirected'>;

/** What an adapter knows of an attempt and its answer, independent of the client. */
export interface ResponseFacts {
  /** The token set that the request carried; `null`: none. */
  readonly sent: TokenSet | null;
  /** What the operation says of its token. */
  readonly auth?: AuthChoice | undefined;
  /** An unknown kind counts as a mutation. */
  readonly kind: 'query' | 'mutation' | 'subscription' | 'unknown';
  /** Identifies the document: the same for each run of the same one. */
  readonly operation?: object | string | undefined;
  /** The response names of the root fields; `undefined` where the document hides them in a fragment. */
  rootFields?(): readonly string[] | undefined;
  /** HTTP status, where it is known. */
  readonly status?: number | undefined;
  /** The `WWW-Authenticate` header, joined. */
  readonly challenge?: string | null | undefined;
  readonly errors?: readonly GraphQLErrorLike[] | undefined;
  /** The `data` of the answer; `undefined`: it had no such key. */
  readonly data?: unknown;
  /** The body, where it is not a GraphQL answer: parsed JSON or a string. */
  readonly body?: unknown;
  /** The HTTP response, whose headers may bring a token. */
  response?(): ReceivedResponse | undefined;
  /** The code with which a socket was closed. */
  readonly closeCode?: number | undefined;
  /** There was no answer: the network failed, or a page may not see a response without CORS headers. */
  readonly isNetworkError?: boolean | undefined;
  /** The operation was refused and retried, and no data has come since. */
  readonly retried?: boolean | undefined;
  /** The request body was a stream, which cannot be sent twice. */
  readonly isConsumed?: boolean | undefined;
  /** A part of the answer was delivered already. */
  readonly delivered?: boolean | undefined;
}

/** A header of a response, which may be anything that a link, an exchange or a mock has made. */
export function headerOf(response: Partial<Response> | null | undefined, name: string): string | null | undefined {
  const { headers } = response ?? {};
  const value: unknown = typeof headers?.get === 'function' ? headers.get(name) : headers?.[name as keyof Headers];
  return value === null || typeof value === 'string' ? value : undefined;
}

/** Status and challenge of an HTTP response. */
export const headFacts = (
  response: Partial<Response> | null | undefined,
): Pick<ResponseFacts, 'status' | 'challenge'> => ({
  status: response?.status,
  challenge: headerOf(response, 'www-authenticate'),
});
