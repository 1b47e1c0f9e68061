import type { TokenSet } from '../tokens/tokenSet.ts';

/** An error of a GraphQL answer. Servers send anything: no field is certain. */
export interface GraphQLErrorLike {
  readonly message?: unknown;
  readonly path?: readonly (string | number)[] | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** The part of an HTTP response that may bring a token. */
export type ReceivedResponse = Pick<Response, 'headers' | 'url' | 'redirected'>;

/** What an adapter knows of an attempt and its answer, independent of the client. */
export interface ResponseFacts {
  /** The token set that the request carried; `null`: none. */
  readonly sent: TokenSet | null;
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
  /** The operation was refused and retried, and no data has come since. */
  readonly retried?: boolean | undefined;
  /** The request body was a stream, which cannot be sent twice. */
  readonly isConsumed?: boolean | undefined;
  /** A part of the answer was delivered already. */
  readonly delivered?: boolean | undefined;
}

/** Status and challenge of an HTTP response. */
export const headFacts = (response: Partial<Response> | undefined): Pick<ResponseFacts, 'status' | 'challenge'> => ({
  status: response?.status,
  challenge: response?.headers?.get('www-authenticate'),
});
