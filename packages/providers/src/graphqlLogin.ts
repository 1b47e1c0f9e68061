import {
  authServerError,
  checkHeaders,
  type Dialect,
  defaultDialect,
  type GraphQLErrorLike,
  judge,
  TokenError,
  type TokenManagerOptions,
  type TokenSet,
} from '@latchkey/core';
import { checkEndpoint, type EndpointOptions } from './checkEndpoint.ts';
import { createSend, type SendOptions } from './createSend.ts';
import { keepWhileValid } from './keepWhileValid.ts';
import { type LoginAnswer, type LoginParts, partsOf } from './loginAnswer.ts';
import { readJson } from './readJson.ts';

export type { LoginAnswer } from './loginAnswer.ts';

/** A question in GraphQL: what is secret in it goes into the variables. */
export interface LoginQuestion<Input> {
  /** One operation. It is sent as it is written here. */
  readonly document: string;
  /** `null`: there is nothing to ask with. */
  readonly variables: (input: Input) => Readonly<Record<string, unknown>> | null;
}

/** A question whose answer holds tokens. */
export interface LoginExchange<Input, Answer extends LoginAnswer> extends LoginQuestion<Input> {
  /**
   * Reads the `data` of the answer, whose shape is said at the parameter, or its headers. Not called when each root field is
   * `null`: that is a no.
   */
  answer(data: object, headers: Headers): Answer;
}

/** An endpoint that signs users in by GraphQL. */
export interface GraphQLLoginOptions<Credentials, Answer extends LoginAnswer> extends EndpointOptions, SendOptions {
  /** The endpoint: absolute, https or on this machine. */
  readonly url: string;
  readonly signIn: LoginExchange<Credentials, Answer>;
  /** Gets a successor. Without it, or when it has nothing to ask with, the token is used to its end. */
  readonly renew?: LoginExchange<TokenSet, LoginAnswer>;
  /** Revokes the tokens at sign-out; what it answers is not read. */
  readonly signOut?: LoginQuestion<TokenSet>;
  /** How this endpoint says no: errors that it judges `unauthenticated`. @defaultValue `defaultDialect` and the code `INVALID_CREDENTIALS` */
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
 * Sign-in and renewal by GraphQL documents, as options of a token manager. They are sent past the application's client,
 * and never with the stale token, which many servers refuse before they look at the question. What `answer` returns beside the tokens is what `auth.signIn` resolves to.
 *
 * @throws TokenError `misconfigured` when an option is wrong, naming option and remedy
 */
export function graphqlLogin<Credentials, Answer extends LoginAnswer>(
  options: GraphQLLoginOptions<Credentials, Answer>,
): LoginSession<Credentials, Answer> {
  const { url, signIn, renew, signOut, dialect = loginDialect, headers = {} } = options;
  checkEndpoint(url, 'Option "url"', options);
  checkHeaders(headers, 'Option "headers"');
  for (const [name, question] of Object.entries({ signIn, renew, signOut })) checkQuestion(name, question);
  const send = createSend(options);

  const post = (document: string, variables: object, signal: AbortSignal, keepalive = false) =>
    send(url, {
      method: 'POST',
      headers: {
        ...headers,
        accept: 'application/graphql-response+json, application/json;q=0.9',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ query: document, variables }),
      signal,
      keepalive,
    });

  async function exchange<Input, Read extends LoginAnswer>(
    { document, answer }: LoginExchange<Input, Read>,
    variables: object,
    signal: AbortSignal,
  ): Promise<LoginParts<Read> | null> {
    const response = await post(document, variables, signal);
    const body = await readJson(response);
    if (!body) throw authServerError(response);
    const { data } = body;
    const hasData = typeof data === 'object' && data !== null && Object.values(data).some(field => field !== null);
    const parts = response.ok && hasData ? partsOf(read(() => answer(data, response.headers))) : null;
    if (parts) return parts; // an error elsewhere, as in the user's name, is no reason to refuse them
    checkRefusal(response, body, dialect);
    return null;
  }

  return {
    async signIn(credentials, { signal }) {
      return exchange(signIn, signIn.variables(credentials) ?? {}, signal);
    },
    async renew(context) {
      const variables = renew && context.current && renew.variables(context.current);
      return renew && variables ? exchange(renew, variables, context.signal) : keepWhileValid(context);
    },
    async signOut(tokens, { signal }) {
      const variables = signOut?.variables(tokens);
      if (!signOut || !variables) return;
      const response = await post(signOut.document, variables, signal, true);
      await response.body?.cancel();
    },
  };
}

function checkQuestion(name: string, question: Partial<LoginExchange<never, LoginAnswer>> | undefined): void {
  if (question === undefined) return;
  const { document, variables, answer } = question;
  const wrong = (message: string) => new TokenError('misconfigured', `Option "${name}" ${message}`);
  if (typeof document !== 'string' || document.trim() === '')
    throw wrong('has no "document". Pass the GraphQL text of one operation.');
  if (typeof variables !== 'function')
    throw wrong('has no function "variables". Pass one: secrets are not written into the document.');
  if (name !== 'signOut' && typeof answer !== 'function')
    throw wrong('has no function "answer". Pass one that returns { accessToken, … }.');
}

function read<Answer>(answer: () => Answer): Answer {
  try {
    return answer();
  } catch (thrown) {
    if (TokenError.is(thrown)) throw thrown;
    throw new TokenError(
      'misconfigured',
      'The function "answer" threw. Let it expect null in each field of the answer.',
    );
  }
}

/** The request was not understood, so nothing was said about the credentials in it. */
const isDocumentsFault = (code: string) => /^(GRAPHQL_(PARSE|VALIDATION)_FAILED|BAD_REQUEST)$/.test(code);

/** Returns when the answer is a no. @throws TokenError when it is trouble, or our fault; no message of the server is in it */
function checkRefusal(response: Response, body: Readonly<Record<string, unknown>>, dialect: Dialect): void {
  const { status, headers } = response;
  const { data } = body;
  const isGraphQL = Array.isArray(body.errors) || data !== undefined;
  const errors = Array.isArray(body.errors) ? (body.errors as readonly (GraphQLErrorLike | null)[]) : [];
  if (response.ok && isGraphQL && errors.length === 0) return;
  const known = errors.filter(error => typeof error === 'object' && error !== null);
  const facts = { sent: null, kind: 'query', status, errors: known, data } as const;
  const challenge = headers.get('www-authenticate');
  if (judge({ ...facts, challenge, ...(!isGraphQL && { body }) }, dialect) === 'unauthenticated') return;
  const refusal = authServerError(response);
  if (!isGraphQL) throw refusal;
  const codes = known.map(({ extensions }) => String(extensions?.code)).filter(code => /^[a-z_.-]{1,60}$/i.test(code));
  const said = codes.length > 0 ? ` (${codes.join(', ')})` : '';
  if (status === 400 || codes.some(isDocumentsFault))
    throw new TokenError('misconfigured', `The endpoint does not take the document or its variables${said}.`, {
      status,
    });
  throw new TokenError(
    'unavailable',
    `The endpoint answered ${status} with errors${said} that its dialect does not take for a no.`,
    { status, retryAfterMs: refusal.retryAfterMs },
  );
}
