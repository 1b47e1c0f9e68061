import type { TokenSet } from '../tokens/tokenSet.ts';

/** An error of a GraphQL answer, as servers send it: nothing about it is sure. */
export interface GraphQLErrorLike {
  readonly message?: unknown;
  readonly path?: readonly (string | number)[] | null | undefined;
  readonly extensions?: Readonly<Record<string, unknown>> | null | undefined;
}

/** What of an HTTP response may bring a token. */
export type ReceivedResponse = Pick<Response, 'headers' | 'url' | 'redirected'>;

/** What an adapter saw of a response, in no client's words. */
export interface ResponseFacts {
  /** The token set that was on the request; `null`: none was. */
  readonly sent: TokenSet | null;
  /** An unknown kind counts as a mutation. */
  readonly kind: 'query' | 'mutation' | 'subscription' | 'unknown';
  /** Stands for the document: the same for each run of the same one. */
  readonly operation?: object | string | undefined;
  /** The response names of the root fields, where they are plain to see. */
  readonly rootFields?: (() => readonly string[] | undefined) | undefined;
  /** HTTP status, where there was HTTP and it is known. */
  readonly status?: number | undefined;
  /** The `WWW-Authenticate` header, joined. */
  readonly challenge?: string | null | undefined;
  readonly errors?: readonly GraphQLErrorLike[] | undefined;
  /** The `data` of the answer; `undefined`: it had no such key. */
  readonly data?: unknown;
  /** The body, where it is no GraphQL answer: parsed JSON or text. */
  readonly body?: unknown;
  /** The HTTP response, for those who look for tokens in its headers. */
  readonly response?: (() => ReceivedResponse | undefined) | undefined;
  /** The code with which a socket was closed. */
  readonly closeCode?: number | undefined;
  /** The operation was refused and sent again before, and no data has come since. */
  readonly repeated?: boolean | undefined;
  /** Its body was a stream, which cannot be sent twice. */
  readonly isConsumed?: boolean | undefined;
  /** The consumer has had a part of the answer already. */
  readonly delivered?: boolean | undefined;
}

/** The errors, where they are the list that they should be: some servers send a text. */
export const errorsIn = ({ errors }: Pick<ResponseFacts, 'errors'>): readonly GraphQLErrorLike[] =>
  Array.isArray(errors) ? errors : [];

/** What the head of an HTTP response says, as far as it is there. */
export const headFacts = (response: Partial<Response> | undefined): Pick<ResponseFacts, 'status' | 'challenge'> => ({
  status: response?.status,
  challenge: response?.headers?.get('www-authenticate'),
});
