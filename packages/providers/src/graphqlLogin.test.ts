import { createTokenManager, defaultDialect } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import { type GraphQLLoginOptions, graphqlLogin, type LoginAnswer } from './graphqlLogin.ts';
import { type ScriptedAnswer, startScript } from './startScript.ts';

interface Credentials {
  readonly email: string;
  readonly password: string;
}

interface Data {
  readonly login: {
    readonly token: string | null;
    readonly refresh?: string;
    readonly ends?: unknown;
    readonly name?: string;
  };
}

const credentials = { email: 'mara@harbour.example', password: '")}{x' };
const document =
  'mutation ($email: String!, $password: String!) { login(email: $email, password: $password) { token } }';
const refreshDocument = 'mutation ($refresh: String!) { login: refresh(token: $refresh) { token } }';

const answer = ({ login: { token, refresh, name } }: Data) => ({ accessToken: token, refreshToken: refresh, name });

const optionsAt = (origin: string): GraphQLLoginOptions<Credentials, ReturnType<typeof answer>> => ({
  url: `${origin}/auth`,
  signIn: { document, variables: ({ email, password }) => ({ email, password }), answer },
  renew: {
    document: refreshDocument,
    variables: ({ refreshToken }) => (refreshToken === undefined ? null : { refresh: refreshToken }),
    answer,
  },
});

const loggedIn = (n: number, more: object = {}): ScriptedAnswer => ({
  json: { data: { login: { token: `A${n}`, refresh: `R${n}`, ...more } } },
});

const startEndpoint = (...answers: ScriptedAnswer[]) =>
  startScript((_, index) => answers[Math.min(index, answers.length - 1)] ?? 'drop');

describe('a sign-in by GraphQL', () => {
  test('posts the document unchanged and the credentials as variables, and resolves to the other fields', async () => {
    await using server = await startEndpoint(loggedIn(0, { name: 'Mara' }));
    const auth = createTokenManager(graphqlLogin({ ...optionsAt(server.origin), headers: { 'x-shop': 'reef' } }));
    expect(await auth.signIn({ ...credentials, remember: true } as Credentials)).toEqual({ name: 'Mara' });
    expect(auth.fresh()).toMatchObject({ accessToken: 'A0', refreshToken: 'R0' });
    const [request] = server.requests;
    expect(request).toMatchObject({
      method: 'POST',
      url: '/auth',
      headers: { 'content-type': 'application/json', 'x-shop': 'reef' },
    });
    expect(JSON.parse(request?.body ?? '')).toEqual({ query: document, variables: credentials });
  });

  test('sends no current token in a header, and neither does a renewal', async () => {
    await using server = await startEndpoint(loggedIn(0), loggedIn(1));
    const auth = createTokenManager(graphqlLogin(optionsAt(server.origin)));
    await auth.signIn(credentials);
    const refused = auth.fresh() ?? undefined;
    expect(await auth.renew(refused && { refused })).toMatchObject({ accessToken: 'A1', refreshToken: 'R1' });
    for (const { headers } of server.requests) {
      expect(headers).not.toHaveProperty('authorization');
      expect(headers).not.toHaveProperty('cookie');
    }
    expect(JSON.parse(server.requests[1]?.body ?? '')).toEqual({
      query: refreshDocument,
      variables: { refresh: 'R0' },
    });
  });

  test('succeeds although another field of the answer failed', async () => {
    const errors = [{ message: 'No name', path: ['login', 'name'] }];
    await using server = await startEndpoint({ json: { data: { login: { token: 'A0' } }, errors } });
    const auth = createTokenManager(graphqlLogin(optionsAt(server.origin)));
    await auth.signIn(credentials);
    expect(auth.fresh()).toMatchObject({ accessToken: 'A0' });
  });

  test.each<[string, object, object]>([
    ['seconds', { expiresInS: 60 }, { expiresInS: 60 }],
    ['seconds as a string', { expiresInS: '60' }, { expiresInS: 60 }],
    ['milliseconds', { expiresInMs: 900_000 }, { expiresInS: 900 }],
    ['milliseconds as a string', { expiresInMs: '900000' }, { expiresInS: 900 }],
    ['a timestamp', { expiresAt: 1_900_000_000_000 }, { expiresAt: 1_900_000_000_000 }],
    ['a timestamp as a string', { expiresAt: '1900000000000' }, { expiresAt: 1_900_000_000_000 }],
    ['a date', { expiresAt: '2030-03-17T17:46:40Z' }, { expiresAt: 1_900_000_000_000 }],
    ['no field', {}, { expiresInS: undefined, expiresAt: undefined }],
    ['null', { expiresInS: null, expiresAt: null }, { expiresInS: undefined, expiresAt: undefined }],
    ['the milliseconds of a refresh token', { refreshExpiresInMs: '60000' }, { refreshExpiresInS: 60 }],
    [
      'the date of a refresh token',
      { refreshExpiresAt: '2030-03-17T17:46:40Z' },
      { refreshExpiresAt: 1_900_000_000_000 },
    ],
  ])('reads an expiry from %s', async (_, fields, parts) => {
    await using server = await startEndpoint(loggedIn(0));
    const { signIn } = graphqlLogin<Credentials, LoginAnswer>({
      ...optionsAt(server.origin),
      signIn: { document, variables: () => ({}), answer: () => ({ accessToken: 'A0', ...fields }) },
    });
    expect(await signIn(credentials, { signal: new AbortController().signal })).toMatchObject(parts);
  });
});

describe('the answer of a sign-in endpoint', () => {
  const unauthenticated = [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }];
  const failedAt = (path: readonly string[], code?: string) => [
    { message: 'Wrong password: Canary-1', path, ...(code && { extensions: { code } }) },
  ];
  const failed = (code?: string) => [{ message: 'Canary-1', ...(code && { extensions: { code } }) }];

  test.each<[string, ScriptedAnswer, string, string]>([
    ['a null token', { json: { data: { login: { token: null } } } }, 'credentialsRejected', 'sessionExpired'],
    ['a null field', { json: { data: { login: null } } }, 'credentialsRejected', 'sessionExpired'],
    ['UNAUTHENTICATED', { json: { errors: unauthenticated, data: null } }, 'credentialsRejected', 'sessionExpired'],
    [
      'INVALID_CREDENTIALS',
      { json: { errors: failed('INVALID_CREDENTIALS') } },
      'credentialsRejected',
      'sessionExpired',
    ],
    [
      'B128 an error at the field of the sign-in',
      { json: { errors: failedAt(['login']), data: { login: null } } },
      'credentialsRejected',
      'unavailable',
    ],
    [
      'B128 an error at that field with a code that the dialect does not list',
      { json: { errors: failedAt(['login'], 'INTERNAL_SERVER_ERROR'), data: null } },
      'credentialsRejected',
      'unavailable',
    ],
    [
      'B128 an error at that field with a status of 400',
      { status: 400, json: { errors: failedAt(['login'], 'BAD_USER_INPUT'), data: null } },
      'credentialsRejected',
      'misconfigured',
    ],
    [
      'B128 an error at that field with a status of 403',
      { status: 403, json: { errors: failedAt(['login']), data: null } },
      'credentialsRejected',
      'unavailable',
    ],
    ...([500, 429] as const).map(
      status =>
        [
          `B128 an error at that field with a status of ${status}`,
          { status, json: { errors: failedAt(['login']), data: null } },
          'unavailable',
          'unavailable',
        ] as [string, ScriptedAnswer, string, string],
    ),
    [
      'B128 an error at that field without the key data',
      { json: { errors: failedAt(['login']) } },
      'credentialsRejected',
      'unavailable',
    ],
    [
      'B128 a server that is busy',
      { json: { errors: failedAt(['login'], 'RATE_LIMITED'), data: null } },
      'unavailable',
      'unavailable',
    ],
    ...['Internal server error', 'Unexpected error.', 'Unexpected Execution Error', 'INTERNAL_ERROR for 7-1'].map(
      message =>
        [
          `B128 a masked error at that field: ${message}`,
          { json: { errors: [{ message, path: ['login'] }], data: { login: null } } },
          'unavailable',
          'unavailable',
        ] as [string, ScriptedAnswer, string, string],
    ),
    [
      'B128 an error below that field',
      { json: { errors: failedAt(['login', 'user']), data: { login: null } } },
      'unavailable',
      'unavailable',
    ],
    ['401', { status: 401, json: { message: 'Unauthorized' } }, 'credentialsRejected', 'sessionExpired'],
    ['an empty 401', { status: 401 }, 'credentialsRejected', 'sessionExpired'],
    ['an error without a code', { json: { errors: failed(), data: { login: null } } }, 'unavailable', 'unavailable'],
    ['an error with a code', { json: { errors: failed('INTERNAL_SERVER_ERROR') } }, 'unavailable', 'unavailable'],
    ['a masked 500', { status: 500, json: { errors: failed(), data: { login: null } } }, 'unavailable', 'unavailable'],
    ['malformed errors', { json: { errors: [null, 'Canary-1', 7, {}] } }, 'unavailable', 'unavailable'],
    ['403', { status: 403, json: { message: 'Forbidden' } }, 'unavailable', 'unavailable'],
    ['429', { status: 429, json: { errors: failed() } }, 'unavailable', 'unavailable'],
    ['502 in HTML', { status: 502, body: '<h1>Bad gateway</h1>' }, 'unavailable', 'unavailable'],
    ['a page', { body: '<h1>Welcome</h1>', headers: { 'content-type': 'text/html' } }, 'unavailable', 'unavailable'],
    [
      'a page with 401',
      { status: 401, body: '<h1>Hi</h1>', headers: { 'content-type': 'text/html' } },
      'unavailable',
      'unavailable',
    ],
    ['an array', { json: [{ data: { login: { token: 'A' } } }] }, 'unavailable', 'unavailable'],
    ['an empty object', { json: {} }, 'unavailable', 'unavailable'],
    ['a dropped connection', 'drop', 'unavailable', 'unavailable'],
    ['a rejected document', { status: 400, json: { errors: failed() } }, 'misconfigured', 'misconfigured'],
    ['a validation error', { json: { errors: failed('GRAPHQL_VALIDATION_FAILED') } }, 'misconfigured', 'misconfigured'],
  ])('is classified: %s', async (_, scripted, atSignIn, atRenewal) => {
    await using server = await startEndpoint(scripted);
    const auth = createTokenManager(graphqlLogin(optionsAt(server.origin)));
    const failures = [await auth.signIn(credentials).catch((error: unknown) => error)];
    await auth.adopt({ accessToken: 'A0', refreshToken: 'R0' });
    failures.push(await auth.renew().catch((error: unknown) => error));
    expect(failures).toMatchObject([{ code: atSignIn }, { code: atRenewal }]);
    expect(auth.state.status).toBe(atRenewal === 'sessionExpired' ? 'signedOut' : 'signedIn');
    for (const failure of failures) expect(String(failure)).not.toContain('Canary');
  });

  test('with a code that the dialect does not list is unavailable, naming the code', async () => {
    await using server = await startEndpoint({ json: { errors: failed('WRONG_PASSWORD'), data: { login: null } } });
    const options = optionsAt(server.origin);
    const signIn = (dialect = defaultDialect) =>
      createTokenManager(graphqlLogin({ ...options, dialect })).signIn(credentials);
    await expect(signIn()).rejects.toThrow('(WRONG_PASSWORD)');
    const codes = { WRONG_PASSWORD: 'unauthenticated' } as const;
    await expect(signIn({ ...defaultDialect, codes })).rejects.toMatchObject({ code: 'credentialsRejected' });
  });

  test('that "answer" cannot read is misconfigured', async () => {
    await using server = await startEndpoint({ json: { data: { logIn: { token: 'A0' } } } });
    const auth = createTokenManager(graphqlLogin(optionsAt(server.origin)));
    await expect(auth.signIn(credentials)).rejects.toMatchObject({ code: 'misconfigured' });
  });

  test('with Retry-After is an error with its milliseconds', async () => {
    await using server = await startEndpoint({
      status: 429,
      headers: { 'retry-after': '4' },
      json: { errors: failed() },
    });
    const auth = createTokenManager(graphqlLogin(optionsAt(server.origin)));
    await expect(auth.signIn(credentials)).rejects.toMatchObject({ status: 429, retryAfterMs: 4000 });
  });
});

describe('B128 the option isRejection', () => {
  const failed: ScriptedAnswer = { json: { errors: [{ message: 'Locked', extensions: { code: 3107 } }], data: null } };
  const codeOf = (body: unknown) =>
    (body as { errors?: { extensions?: { code?: unknown } }[] }).errors?.[0]?.extensions?.code;

  test('reads a numeric code, at a sign-in and at a renewal', async () => {
    await using server = await startEndpoint(failed);
    const options = optionsAt(server.origin);
    await expect(createTokenManager(graphqlLogin(options)).signIn(credentials)).rejects.toMatchObject({
      code: 'unavailable',
    });
    const auth = createTokenManager(graphqlLogin({ ...options, isRejection: ({ body }) => codeOf(body) === 3107 }));
    await expect(auth.signIn(credentials)).rejects.toMatchObject({ code: 'credentialsRejected' });
    await auth.adopt({ accessToken: 'A0', refreshToken: 'R0' });
    await expect(auth.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
  });

  test('keeps a failure of the server from being taken for a wrong password', async () => {
    const errors = [{ message: 'connect ECONNREFUSED', path: ['login'] }];
    await using server = await startEndpoint({ json: { errors, data: null } });
    const isRejection = ({ body }: { readonly body: unknown }) =>
      JSON.stringify(body).includes('ECONNREFUSED') ? false : undefined;
    const auth = createTokenManager(graphqlLogin({ ...optionsAt(server.origin), isRejection }));
    await expect(auth.signIn(credentials)).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('is not needed where "answer" returns null', async () => {
    await using server = await startEndpoint({ json: { data: { login: { problem: 'WRONG_PASSWORD' } } } });
    const options = optionsAt(server.origin);
    const auth = createTokenManager(graphqlLogin({ ...options, signIn: { ...options.signIn, answer: () => null } }));
    await expect(auth.signIn(credentials)).rejects.toMatchObject({ code: 'credentialsRejected' });
  });
});

describe('a renewal by GraphQL', () => {
  test('carries the token that it renews where its document says so, and no other request does', async () => {
    await using server = await startEndpoint(loggedIn(0), loggedIn(1), loggedIn(2));
    const options = optionsAt(server.origin);
    const auth = createTokenManager(
      graphqlLogin({
        ...options,
        headers: { 'x-shop': 'reef' },
        renew: {
          document: refreshDocument,
          variables: () => ({}),
          headers: current => ({ authorization: `JWT ${current?.accessToken}` }),
          answer,
        },
        signOut: {
          document: 'mutation { logout }',
          variables: () => ({}),
          headers: current => ({ 'x-token': `${current?.accessToken}` }),
        },
      }),
    );
    await auth.signIn(credentials);
    expect(await auth.renew()).toMatchObject({ accessToken: 'A1' });
    await auth.signOut();
    await expect.poll(() => server.requests).toHaveLength(3);
    expect(
      server.requests.map(({ headers }) => [headers.authorization, headers['x-token'], headers['x-shop']]),
    ).toEqual([
      [undefined, undefined, 'reef'],
      ['JWT A0', undefined, 'reef'],
      [undefined, 'A1', 'reef'],
    ]);
  });

  test('is misconfigured where a header of its document cannot be sent, and the message does not hold it', async () => {
    await using server = await startEndpoint(loggedIn(0));
    const options = optionsAt(server.origin);
    const headers = () => ({ authorization: 'Canary-1\n' });
    const auth = createTokenManager(graphqlLogin({ ...options, signIn: { ...options.signIn, headers } }));
    const failure = await auth.signIn(credentials).catch(String);
    expect(failure).toContain('"signIn.headers"');
    expect(failure).not.toContain('Canary');
  });

  test('without a refresh token sends nothing, and keeps the access token until it expires', async () => {
    await using server = await startEndpoint(loggedIn(0));
    const { renew } = graphqlLogin(optionsAt(server.origin));
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt('A0');
    const current = auth.fresh() ?? undefined;
    const { signal } = new AbortController();
    expect(await renew({ current, reason: 'ahead', signal })).toEqual({ accessToken: 'A0', expiresAt: undefined });
    await expect(renew({ current, reason: 'refused', signal })).rejects.toMatchObject({ code: 'noProgress' });
    expect(server.requests).toHaveLength(0);
  });
});

describe('a sign-out by GraphQL', () => {
  test('posts its document with the tokens of the session', async () => {
    await using server = await startEndpoint(loggedIn(0));
    const signOutDocument = 'mutation ($token: String) { logout(token: $token) }';
    const { signOut } = graphqlLogin({
      ...optionsAt(server.origin),
      signOut: { document: signOutDocument, variables: ({ refreshToken }) => ({ token: refreshToken }) },
    });
    const auth = createTokenManager({ renew: () => null });
    await auth.adopt({ accessToken: 'A0', refreshToken: 'R0' });
    const current = auth.fresh();
    if (current) await signOut(current, { signal: new AbortController().signal });
    expect(server.requests.map(({ body }) => JSON.parse(body) as unknown)).toEqual([
      { query: signOutDocument, variables: { token: 'R0' } },
    ]);
  });
});

describe('a wrong option', () => {
  const right = optionsAt('https://api.example');
  test.each<[string, object, string, string]>([
    ['a relative address', { url: '/graphql' }, 'url', 'Write it out'],
    ['http to another host', { url: 'http://api.example/graphql' }, 'url', 'Use https'],
    ['no document', { signIn: { ...right.signIn, document: ' ' } }, 'signIn', 'Pass one GraphQL operation'],
    ['no variables', { signIn: { ...right.signIn, variables: undefined } }, 'signIn', 'variables'],
    ['no answer', { renew: { ...right.renew, answer: undefined } }, 'renew', 'accessToken'],
    ['a sign-out without a document', { signOut: { variables: () => ({}) } }, 'signOut', 'Pass one GraphQL operation'],
    ['a header without a value', { headers: { 'x-api-key': undefined } }, 'headers', 'Pass a non-empty string'],
  ])('as %s throws, naming the option and the remedy', (_, options, named, remedy) => {
    const attempt = () => graphqlLogin({ ...right, ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
    expect(attempt).toThrow(remedy);
  });
});
