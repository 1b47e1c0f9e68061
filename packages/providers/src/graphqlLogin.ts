import { type Dialect, defaultDialect, TokenError, type TokenManagerOptions, type TokenSet } from '@latchkey/core';
import { authServerError, checkHeaders, type GraphQLErrorLike, judge } from '@latchkey/core/adapter';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import { createSend, type Send, type SendOptions } from './createSend.ts';
import { type RejectionOptions, readWith } from './isRejection.ts';
import { keepWhileValid } from './keepWhileValid.ts';
import { type LoginAnswer, type LoginParts, partsOf } from './loginAnswer.ts';
import { readJson } from './readJson.ts';

export type { RejectionOptions, TokenlessAnswer } from './isRejection.ts';
export type { LoginAnswer } from './loginAnswer.ts';

/** A GraphQL document, and how its variables are made of `Input`. Secrets belong in the variables. */
export interface LoginDocument<Input> {
  /** One operation. It is sent as it is written. */
  readonly document: string;
  /** @returns `null` when the input lacks what the document needs: the request is not sent */
  readonly variables: (input: Input) => Readonly<Record<string, unknown>> | null;
  /**
   * Further headers of this request, made of the token set in use: that of a renewal or sign-out, at a sign-in a guest's, if
   * there is one. @defaultValue none: many servers refuse an expired token before they execute the operation
   */
  readonly headers?: (current: TokenSet | undefined) => Readonly<Record<string, string>>;
}

/** A document whose answer holds tokens. */
export interface LoginOperation<Input, Answer extends LoginAnswer> extends LoginDocument<Input> {
  /**
   * Reads the `data` of the answer, whose shape is declared at the parameter, or its headers. Not called when each root field
   * is `null`, which is a rejection.
   *
   * @param current - the token set that the document's `headers` were made of
   * @returns `null` for a rejection, as an answer without a token is
   */
  answer(data: object, headers: Headers, current?: TokenSet): Answer | null;
}

/** An endpoint that signs users in by GraphQL. */
export interface GraphQLLoginOptions<Credentials, Answer extends LoginAnswer>
  extends EndpointOptions,
    SendOptions,
    RejectionOptions {
  /** The endpoint: absolute, https or loopback. */
  readonly url: string;
  readonly signIn: LoginOperation<Credentials, Answer>;
  /** Gets a successor. Without it, or when its variables are `null`, the access token is used until it expires. */
  readonly renew?: LoginOperation<TokenSet, LoginAnswer>;
  /** Revokes the tokens at sign-out; its answer is not read. */
  readonly signOut?: LoginDocument<TokenSet>;
  /**
   * An error is a rejection where this judges `unauthenticated`; at a sign-in, so is one at its very field, without data, unless
   * its message or its status is that of a fault. @defaultValue `defaultDialect` and the code `INVALID_CREDENTIALS`
   */
  readonly dialect?: Dialect;
  /** Further headers of each request. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Manager options for a session that begins with a GraphQL operation. */
export type LoginSession<Credentials, Answer extends LoginAnswer> = Required<
  Pick<TokenManagerOptions<Credentials, LoginParts<Answer>>, 'renew' | 'signIn' | 'signOut'>
>;

const loginDialect: Dialect = {
  ...defaultDialect,
  codes: { ...defaultDialect.codes, INVALID_CREDENTIALS: 'unauthenticated' },
};

/**
 * Sign-in and renewal by GraphQL documents, as options of a token manager. They are not sent through the application's
 * client, and with the current access token only where the document's `headers` put it there. What `answer` returns next to the tokens is what `auth.signIn` resolves to.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming the option and the remedy
 */
export function graphqlLogin<Credentials, Answer extends LoginAnswer>(
  options: GraphQLLoginOptions<Credentials, Answer>,
): LoginSession<Credentials, Answer> {
  const { url, signIn, renew, signOut, dialect = loginDialect, headers = {}, isRejection } = options;
  checkEndpoint(url, 'Option "url"', options);
  checkHeaders(headers, 'Option "headers"');
  for (const [name, operation] of Object.entries({ signIn, renew, signOut })) checkOperation(name, operation);
  const endpoint = { url, headers, dialect, isRejection, send: createSend(options) };

  return {
    async signIn(credentials, { signal, guest }) {
      const variables = signIn.variables(credentials) ?? {};
      return requestTokens(endpoint, signIn, { kind: 'signIn', variables, current: guest, signal });
    },
    async renew(context) {
      const { current, signal } = context;
      const variables = renew && current && renew.variables(current);
      if (!renew || !variables) return keepWhileValid(context);
      return requestTokens(endpoint, renew, { kind: 'renew', variables, current, signal });
    },
    async signOut(current, { signal }) {
      const variables = signOut?.variables(current);
      if (!signOut || !variables) return;
      const response = await post(endpoint, signOut, { kind: 'signOut', variables, current, signal });
      await response.body?.cancel();
    },
  };
}

interface Endpoint extends RejectionOptions {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly dialect: Dialect;
  readonly send: Send;
}

interface LoginRequest {
  readonly kind: 'signIn' | 'renew' | 'signOut';
  readonly variables: object;
  readonly current: TokenSet | undefined;
  readonly signal: AbortSignal;
}

/** @throws TokenError `misconfigured` when a header of the document cannot be sent */
function post(
  { url, headers, send }: Endpoint,
  { document, headers: ofDocument }: Pick<LoginDocument<never>, 'document' | 'headers'>,
  { kind, variables, current, signal }: LoginRequest,
): Promise<Response> {
  const own = ofDocument?.(current) ?? {};
  checkHeaders(own, `Option "${kind}.headers"`);
  return send(url, {
    signal,
    method: 'POST',
    headers: {
      ...headers,
      ...own,
      accept: 'application/graphql-response+json, application/json;q=0.9',
      'content-type': 'application/json',
    },
    body: JSON.stringify({ query: document, variables }),
    ...(kind === 'signOut' && { keepalive: true }),
  });
}

async function requestTokens<Input, Answer extends LoginAnswer>(
  endpoint: Endpoint,
  operation: LoginOperation<Input, Answer>,
  request: LoginRequest,
): Promise<LoginParts<Answer> | null> {
  const response = await post(endpoint, operation, request);
  return readWith(response, endpoint, answered => readAnswer(endpoint, operation, request, answered));
}

/** `null` is a rejection. */
async function readAnswer<Input, Answer extends LoginAnswer>(
  { dialect }: Endpoint,
  operation: LoginOperation<Input, Answer>,
  { kind, current }: LoginRequest,
  response: Response,
): Promise<LoginParts<Answer> | null> {
  const body = await readJson(response);
  if (!body) throw authServerError(response);
  const { data } = body;
  const hasData = typeof data === 'object' && data !== null && Object.values(data).some(field => field !== null);
  const answer =
    response.ok && hasData ? withSafeErrors(() => operation.answer(data, response.headers, current)) : null;
  const parts = answer && partsOf(answer);
  if (parts) return parts; // also next to an error: another field may have failed, e.g. the user's name
  const error = errorOf(response, body, dialect, kind === 'signIn');
  if (error) throw error;
  return null;
}

function checkOperation(name: string, operation: Partial<LoginOperation<never, LoginAnswer>> | undefined): void {
  if (operation === undefined) return;
  const { document, variables, answer } = operation;
  const wrong = (message: string) => new TokenError('misconfigured', `Option "${name}" ${message}`);
  if (typeof document !== 'string' || document.trim() === '')
    throw wrong('has no "document". Pass one GraphQL operation as a string.');
  if (typeof variables !== 'function')
    throw wrong('has no function "variables". Pass one: secrets do not belong in the document.');
  if (name !== 'signOut' && typeof answer !== 'function')
    throw wrong('has no function "answer". Pass one that returns { accessToken, … }.');
}

/** The error of a function "answer" may hold tokens. */
function withSafeErrors<Answer>(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (thrown) {
    if (TokenError.is(thrown)) throw thrown;
    throw new TokenError('misconfigured', 'The function "answer" threw. Each field of the answer may be null.');
  }
}

/** The server did not understand the request, so it has not judged the credentials in it. */
const isDocumentError = (code: string) => /^(GRAPHQL_(PARSE|VALIDATION)_FAILED|BAD_REQUEST)$/.test(code);

/** What frameworks put in place of the message of a fault, which may have any cause. */
const masked =
  /^(?:internal(?: server)? error|internal_error for .*|unexpected(?: execution)? error|something went wrong)[.!]?$/i;
/** Codes of a server that has not looked at the password. */
const busy = /^(?:rate_?limit|too_?many|throttled|service_?unavailable|time(?:d_?)?out)/i;

function isFault({ message, extensions }: GraphQLErrorLike): boolean {
  const { code } = extensions ?? {};
  return typeof message !== 'string' || masked.test(message.trim()) || (typeof code === 'string' && busy.test(code));
}

/** Whether the field of the sign-in failed by itself, without data: most servers state so that a password is wrong. */
function isRefusedSignIn(status: number, data: unknown, errors: readonly GraphQLErrorLike[]): boolean {
  const isEmpty = data == null || (typeof data === 'object' && Object.values(data).every(field => field === null));
  if (!isEmpty || status >= 500 || status === 408 || status === 429) return false;
  return errors.some(error => error.path?.length === 1 && !isFault(error));
}

/** The error of an answer without tokens; `null` for a rejection. No message of the server is in it. */
function errorOf(
  response: Response,
  body: Readonly<Record<string, unknown>>,
  dialect: Dialect,
  isSignIn: boolean,
): TokenError | null {
  const { status, headers } = response;
  const { data } = body;
  const isGraphQL = Array.isArray(body.errors) || data !== undefined;
  const listed = Array.isArray(body.errors) ? (body.errors as readonly (GraphQLErrorLike | null)[]) : [];
  if (response.ok && isGraphQL && listed.length === 0) return null;
  const errors = listed.filter(error => typeof error === 'object' && error !== null);
  const challenge = headers.get('www-authenticate');
  const facts = { sent: null, kind: 'query', status, errors, data, challenge } as const;
  if (judge({ ...facts, ...(!isGraphQL && { body }) }, dialect) === 'unauthenticated') return null;
  if (isSignIn && isRefusedSignIn(status, data, errors)) return null;
  const serverError = authServerError(response);
  if (!isGraphQL) return serverError;
  const codes = errors.map(({ extensions }) => String(extensions?.code)).filter(code => /^[a-z_.-]{1,60}$/i.test(code));
  const shownCodes = codes.length > 0 ? ` (${codes.join(', ')})` : '';
  if (status === 400 || codes.some(isDocumentError))
    return new TokenError('misconfigured', `The endpoint does not accept the document or its variables${shownCodes}.`, {
      status,
    });
  return new TokenError(
    'unavailable',
    `The endpoint answered ${status} with errors${shownCodes} that its dialect does not judge unauthenticated.`,
    { status, retryAfterMs: serverError.retryAfterMs },
  );
}
