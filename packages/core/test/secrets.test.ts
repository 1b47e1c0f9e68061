import { readdir, readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redact, redactedCause, secretsIn } from '../src/errors/redact.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { TokenEvents } from '../src/session/tokenEvents.ts';
import { keyValueStore } from '../src/store/keyValueStore.ts';
import type { PlainStore } from '../src/store/sharedSession.ts';
import { readTokens } from '../src/tokens/readTokens.ts';
import { defaultDialect } from '../src/verdict/dialect.ts';
import { memoryStore } from './memoryStore.ts';
import {
  type Options,
  refusal,
  type ScriptedProvider,
  scriptedProvider,
  settled,
  signedIn,
  success,
} from './scriptedProvider.ts';

// Each secret of these tests contains this string, so that a part of a secret is found too.
const canary = 'canary';
const parts = { accessToken: 'canary-access-A', refreshToken: 'canary-refresh-A', expiresInS: 3600 };
const next = { accessToken: 'canary-access-B', refreshToken: 'canary-refresh-B' };
const password = 'canary "my canary" word&canary=1, canary; canary';
const credentials = { username: 'ann@example.org', password };

/** A value as inspect, JSON, messages and stacks print it. */
function shown(value: unknown): string {
  const printed = [inspect(value, { showHidden: true, depth: Number.POSITIVE_INFINITY }), JSON.stringify(value) ?? ''];
  for (let error = value; error instanceof Error; error = error.cause)
    printed.push(String(error), error.message, error.stack ?? '', inspect(error), JSON.stringify(error));
  return printed.join('\n');
}

/** An error as HTTP clients and OAuth libraries throw it, which contains the request and the response. */
function leaky(...secrets: string[]): Error {
  const message = `${secrets.join(' and ')}; refresh_token=canary-refresh-A&client_secret=canary-client`;
  const cause = Object.assign(new Error(`Authorization: Bearer canary-access-A; "access_token":"canary-access-B"`), {
    code: 'E_canary-access-A',
    request: { headers: { authorization: 'Basic canary' }, body: message },
  });
  return Object.assign(new Error(message, { cause }), {
    name: 'canary-refresh-AError',
    response: { data: next },
    config: { auth: credentials },
  });
}

/** Runs a scene and searches its error, events and states for secrets. */
async function leaksOf(scripted: ScriptedProvider, scene: (scripted: ScriptedProvider) => Promise<unknown>) {
  const thrown: unknown = await scene(scripted).catch(error => error);
  await settled();
  const { auth, eventPayloads, states } = scripted;
  const outputs = [thrown, eventPayloads, states, auth.state, auth];
  const leaks = outputs.flatMap(value => shown(value).match(/.{0,60}canary.{0,20}/g) ?? []);
  return { leaks: leaks.slice(0, 5), thrown, eventPayloads };
}

const echo = (secret: string) => new Error(`Wrong: ${secret}`, { cause: { message: secret, code: secret } });
const renewing = ({ auth }: ScriptedProvider) => auth.renew();
const errors: readonly (readonly [string, unknown])[] = [
  ['an error with tokens in its message, cause and fields', leaky('canary-access-A', 'canary-refresh-A')],
  ['a string', 'canary-access-A canary-refresh-A'],
  ['an error with nested causes', new Error('a', { cause: new Error('b', { cause: leaky('canary-access-A') }) })],
  ['an error with a string as its cause', new Error('a', { cause: 'token: canary-access-B' })],
  ['an error of JSON.parse', syntaxError('canary-access-B')],
  ['an error of Headers', headersError('canary-access-A\n')],
  ['an error of Headers with a value that has no scheme', keyError('canary-access-A\n')],
  ['an error of Headers with a long value', keyError(`canary-access-A\n${'x'.repeat(400)}`)],
  ['an error of URL', urlError('canary-access-A')],
  ['an error of fetch with a URL that contains a password', requestError('canary-access-A')],
  ['a parse error inside an error of another name', fetchError('canary-access-B')],
  ['another library’s error with the name TokenError', foreignError('invalid_grant')],
  ['a TokenError with the token in its message', new TokenError('unavailable', 'Cannot use canary-access-A.')],
  [
    'a TokenError with a cause that is not redacted',
    new TokenError('unavailable', 'Down.', { cause: leaky('canary-access-A') }),
  ],
  [
    'a TokenError of a rejection with a cause that is not redacted',
    new TokenError('sessionExpired', 'No.', { cause: leaky('canary-access-A') }),
  ],
  ['an object with the response', { message: 'Failed', response: next, toString: () => 'canary' }],
];

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
function syntaxError(json: string) {
  return thrownBy(() => JSON.parse(json));
}
function headersError(token: string) {
  return thrownBy(() => new Headers({ authorization: `Bearer ${token}\u0000` }));
}
function keyError(token: string) {
  return thrownBy(() => new Headers({ 'x-api-key': `${token}\u0000` }));
}
function requestError(token: string) {
  return thrownBy(() => new Request(`https://user:${token}@127.0.0.1/token`));
}
function fetchError(json: string) {
  return Object.assign(new Error(`invalid json: ${String(syntaxError(json))}`), { name: 'FetchError' });
}
function foreignError(code: string) {
  return Object.assign(new Error('Failed'), { name: 'TokenError', code, response: next });
}
function urlError(token: string) {
  return thrownBy(() => new URL(`//user:${token}@`));
}

test.each(errors)('SEC-01 a renewal that throws %s shows no secret', async (_, error) => {
  const scripted = signedIn({}, parts);
  scripted.renewals.always(() => Promise.reject(error));
  const { leaks, thrown } = await leaksOf(scripted, renewing);
  expect(leaks).toEqual([]);
  expect(thrown).toBeInstanceOf(TokenError);
});

test.each(errors)('SEC-01 a refused operation whose renewal throws %s shows no secret', async (_, error) => {
  const { A, ...scripted } = signedIn({}, parts);
  scripted.renewals.always(() => Promise.reject(error));
  const facts = refusal(A, {
    errors: [{ message: 'Expired: canary-access-A' }, { message: 'Access token expired: eyJ.canary.sig' }],
  });
  const { leaks, thrown } = await leaksOf(scripted, async ({ auth }) => auth.settle(facts));
  expect(leaks).toEqual([]);
  expect(thrown).toMatchObject({ refusal: { status: 401 } });
});

test.each<readonly [string, unknown]>([
  ['unchanged', echo(password)],
  ['in a URL', echo(encodeURIComponent(password))],
  ['in a form', echo(new URLSearchParams({ p: password }).toString())],
  ['in JSON', echo(JSON.stringify(credentials))],
  ['in a GraphQL document', echo(`mutation{login(password:${JSON.stringify(password)})}`)],
])('SEC-01 a sign-in whose error contains the password %s shows no secret', async (_, error) => {
  const scripted = scriptedProvider();
  scripted.signIns.always(() => Promise.reject(error));
  const { leaks } = await leaksOf(scripted, ({ auth }) => auth.signIn(credentials));
  expect(leaks).toEqual([]);
  const automatic = scriptedProvider({ credentials: () => credentials });
  automatic.signIns.always(() => Promise.reject(error));
  expect((await leaksOf(automatic, ({ auth }) => auth.get())).leaks).toEqual([]);
});

test.each<readonly [string, unknown, string]>([
  ['a number of the credentials', { pin: 48_291_357 }, '48291357'],
  ['a value of a Map', new Map([['password', 'canary']]), 'canary'],
  ['a lone surrogate', { password: 'canary\ud800canary' }, 'canary\ud800canary'],
])('SEC-01 a sign-in whose error contains %s shows no secret', async (_, credential, secret) => {
  const { auth, signIns } = scriptedProvider();
  signIns.always(() => Promise.reject(new Error(`Unknown user: ${secret}`)));
  const thrown: unknown = await auth.signIn(credential as typeof credentials).catch(error => error);
  expect(thrown).toBeInstanceOf(TokenError);
  expect(shown(thrown)).toContain('Unknown user: [redacted]');
  expect(shown(thrown)).not.toContain(secret);
});

test('SEC-01 a sign-in that is rejected or answers invalid tokens shows no secret', async () => {
  for (const answer of [
    null,
    { accessToken: 'canary\n' },
    { accessToken: '' },
    { accessToken: 'x', refreshToken: 'canary canary' },
  ]) {
    const scripted = scriptedProvider();
    scripted.signIns.always(() => answer);
    expect((await leaksOf(scripted, ({ auth }) => auth.signIn(credentials))).leaks).toEqual([]);
  }
});

const renewRefused = ({ A, auth }: ReturnType<typeof signedIn>) => auth.renew({ refused: A });
test.each<readonly [string, Parameters<ScriptedProvider['renewals']['always']>[0]]>([
  ['a rejection', () => null],
  ['the refused token', () => parts],
  ['a token that cannot be sent', () => 'canary token'],
  ['a refresh token that cannot be sent', () => ({ accessToken: 'canary-access-B', refreshToken: 'canary\n' })],
  ['an object without an access token', () => JSON.parse('{"token":"canary-access-B"}')],
  ['a body that is not JSON', () => readTokens(new Response('canary-access-B'))],
  [
    'a rejection that contains the refresh token',
    () => readTokens(new Response('{"error":"invalid_grant","error_description":"canary-refresh-A"}', { status: 400 })),
  ],
  ['a new token set', () => next],
])('SEC-01 a renewal that answers %s shows no secret', async (_, rule) => {
  const scripted = signedIn({}, parts);
  scripted.renewals.always(rule);
  expect((await leaksOf(scripted, () => renewRefused(scripted))).leaks).toEqual([]);
});

/** A store of which one function always fails. */
function failing(doing: 'load' | 'save' | 'lock', error: (record: unknown) => unknown): PlainStore {
  const store = memoryStore();
  return {
    ...store,
    load: () => (doing === 'load' ? Promise.reject(error(undefined)) : store.load()),
    save: record => (doing === 'save' ? Promise.reject(error(record)) : store.save(record)),
    lock: run => (doing === 'lock' ? Promise.reject(error(undefined)) : (store.lock ?? expect.unreachable())(run)),
  };
}
test.each<readonly [string, Options['store'], string]>([
  ['save error contains the record', failing('save', record => new Error(`quota: ${JSON.stringify(record)}`)), 'save'],
  [
    'save error contains the new tokens',
    failing('save', record => new Error(Object.values(record ?? {}).join(', '))),
    'save',
  ],
  ['save throws the record', failing('save', record => record), 'save'],
  ['load error contains the stored string', failing('load', () => syntaxError('canary-access-A')), 'load'],
  ['lock error contains a token', failing('lock', () => new Error('token=canary-access-A')), 'lock'],
])('SEC-01 a store whose %s shows no secret', async (_, store, doing) => {
  const scripted = scriptedProvider(store ? { store } : {});
  const loaded = scripted.auth.get().catch(() => {});
  await settled();
  await scripted.auth.adopt(parts);
  await loaded;
  scripted.renewals.always(() => next);
  const { leaks, eventPayloads } = await leaksOf(scripted, renewing);
  expect(leaks).toEqual([]);
  expect(eventPayloads).toContainEqual(expect.objectContaining({ doing }));
});

test('SEC-01 a renewal that times out, or whose manager is disposed, shows no secret', async () => {
  for (const end of ['timeout', 'dispose']) {
    const scripted = signedIn({}, parts);
    const { leaks, thrown } = await leaksOf(scripted, async ({ auth, clock }) => {
      const renewed = auth.renew();
      await settled();
      if (end === 'dispose') auth.dispose();
      else void clock.advance(60_000);
      return renewed;
    });
    expect(thrown).toMatchObject({ code: end === 'dispose' ? 'disposed' : 'unavailable' });
    expect(leaks).toEqual([]);
  }
});

test('SEC-01 an operation whose body is consumed shows no secret', async () => {
  const { A, ...scripted } = signedIn({}, parts);
  scripted.renewals.always(() => next);
  const errors = [{ message: 'Expired: canary-access-A' }];
  const { leaks, thrown } = await leaksOf(scripted, async ({ auth }) =>
    auth.settle(refusal(A, { isConsumed: true, errors })),
  );
  expect(thrown).toMatchObject({ code: 'notRetryable' });
  expect(leaks).toEqual([]);
});

test('SEC-02 the keys in a storage contain no secret', async () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  const { auth } = scriptedProvider({ store: keyValueStore('session', storage) });
  await auth.adopt(parts);
  expect([...items.keys()]).toEqual(['latchkey.session']);
});

test('SEC-01 a dialect or receive whose error contains tokens shows no secret', async () => {
  const body = { access_token: 'canary-access-A' };
  const judge = () => {
    throw new Error(`Cannot read ${JSON.stringify(body)} sent with canary-access-A and canary-refresh-A`);
  };
  const judging = signedIn({ dialect: { ...defaultDialect, judge } }, parts);
  expect((await leaksOf(judging, async ({ auth }) => auth.settle(refusal(judging.A)))).leaks).toEqual([]);
  const receiving = signedIn({ receive: judge }, parts);
  const response = () => ({ headers: new Headers(), url: '', redirected: false });
  expect((await leaksOf(receiving, async ({ auth }) => auth.settle(success(receiving.A, { response })))).leaks).toEqual(
    [],
  );
});

test('SEC-01 a revocation or a credentials callback that throws shows no secret', async () => {
  const revoking = signedIn({ signOut: () => Promise.reject(leaky('canary-access-A')) }, parts);
  expect((await leaksOf(revoking, ({ auth }) => auth.signOut())).leaks).toEqual([]);
  const vault = scriptedProvider({ credentials: () => Promise.reject(new Error('vault: password=canary')) });
  expect((await leaksOf(vault, ({ auth }) => auth.get())).leaks).toEqual([]);
});

test('SEC-01 a token set that is printed, copied or turned into JSON shows no token', () => {
  const { A } = signedIn({}, parts);
  expect(A.accessToken).toBe('canary-access-A');
  expect(shown(A)).not.toContain(canary);
  expect(shown(Object.assign({}, A))).not.toContain(canary);
});

test('SEC-01 a manager with a running renewal shows no token', async () => {
  const scripted = signedIn({}, parts);
  void scripted.auth.renew().catch(() => {});
  await settled();
  scripted.auth.headers(scripted.A);
  expect(shown(scripted.auth)).not.toContain(canary);
});

test.each<readonly [keyof TokenEvents, string, string]>([
  ['forbidden', 'insufficient_scope', 'scope'],
  ['stepUp', 'insufficient_user_authentication', 'acr_values'],
])('CHL-08 the payload of %s shows no secret of a challenge, and is limited in length', async (name, error, param) => {
  const { A, ...scripted } = signedIn({}, parts);
  const values = ['canary-access-A', encodeURIComponent('canary-refresh-A'), 'token=canary', 'eyJ.canary.sig', 'gold'];
  for (const value of [...values, 'x'.repeat(9_000)]) {
    const challenge = `Bearer error="${error}", ${param}="${value} ${value}", max_age="canary-access-A"`;
    const { leaks } = await leaksOf(scripted, async ({ auth }) => auth.settle(refusal(A, { challenge })));
    expect(leaks).toEqual([]);
  }
  expect(scripted.events).toEqual(Array.from({ length: 6 }, () => name));
  expect(scripted.eventPayloads).toContainEqual(
    expect.objectContaining({ [param === 'scope' ? param : 'acrValues']: 'gold gold' }),
  );
  expect(JSON.stringify(scripted.eventPayloads.at(-1)).length).toBeLessThan(500);
});

test('SEC-02 event payloads contain only ids, reasons, times and the requirements of a challenge', async () => {
  const { auth, A, renewals, eventPayloads } = signedIn({}, parts);
  renewals.always(() => next);
  void auth.settle(refusal(A, { status: 403, challenge: 'Bearer scope="a"' }));
  void auth.settle(refusal(A, { challenge: 'Bearer error=insufficient_user_authentication, acr_values=a, max_age=1' }));
  await auth.settle(refusal(A));
  await auth.signOut();
  const names = new Set(eventPayloads.flatMap(event => Object.keys(event)));
  expect([...names].sort()).toEqual([
    'acrValues',
    'at',
    'expiresAt',
    'maxAgeMs',
    'reason',
    'scope',
    'sessionId',
    'version',
  ]);
});

test('SEC-01 redacts the longer of two secrets with the same beginning completely', () => {
  expect(redact('user: anna-4711', ['anna', 'anna-4711'])).toBe('user: [redacted]');
});

test('SEC-01 redacts strings that look like secrets', () => {
  const messages = [
    'Bearer canary',
    'basic canary==',
    'DPoP canary',
    'access_token=canary&x=1',
    '{"refreshToken":"canary"}',
    "password: 'canary'",
    'client_secret=canary',
    'x-api-key: canary',
    'code=canary',
    'eyJhbGciOiJub25lIn0.canary.canary',
    'authorization: canary',
    'Authorization: Bearer canary',
    'Authorization: Token canary',
    'authorization: Digest username="x", response="canary"',
    'cookie: session=canary',
    'cookie: theme=dark; sid=canary',
    'https://ann:canary@example.org/token',
  ];
  for (const message of messages) expect(redact(message)).not.toContain(canary);
});

test('the error messages of this package are not redacted', async () => {
  const folder = new URL('../src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter(file => /(?<!\.test)\.ts$/.test(file));
  const sources = await Promise.all(files.map(file => readFile(new URL(file, folder), 'utf8')));
  const messages = sources.flatMap(source => source.match(/'[A-Z][^'\n]{20,}\.'/g) ?? []);
  expect(messages.length).toBeGreaterThan(20);
  expect(messages.filter(message => message.length < 300 && redact(message) !== message)).toEqual([]);
});

test('CHL-08 a message of a server is cut to 300 characters', () => {
  expect(redact('x'.repeat(10_000)).length).toBeLessThanOrEqual(300);
});

test('a redacted cause keeps the name, message, code, status and cause', () => {
  const thrown = Object.assign(
    new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) }),
    { status: 503, code: 7 },
  );
  const cause = redactedCause(thrown, []);
  expect(cause).toMatchObject({ name: 'TypeError', message: 'fetch failed', status: 503, code: 7 });
  expect(cause.cause).toMatchObject({ name: 'Error', message: 'connect', code: 'ECONNREFUSED' });
});

test.each([
  ['found "canary canary" and "canary" here', 'found [redacted] here'],
  ['found "canary canary', 'found [redacted]'],
  ['found "canary\ncanary" here', 'found [redacted] here'],
])('a redacted cause does not contain the quotes in the message %j', (message, redacted) => {
  expect(redactedCause(new Error(message), []).message).toBe(redacted);
});

test('TokenError.is() accepts only errors with the name and a code of TokenError', () => {
  const named = (name: string, code: unknown) => Object.assign(new Error('Failed'), { name, code });
  expect(TokenError.is(new TokenError('aborted', 'Aborted.'))).toBe(true);
  expect(TokenError.is(named('TokenError', 'aborted'))).toBe(true); // from another copy of this package
  for (const other of [named('TokenError', 'invalid_grant'), named('HttpError', 'aborted'), named('TokenError', 7)])
    expect(TokenError.is(other)).toBe(false);
  for (const other of [undefined, null, 'TokenError', { name: 'TokenError', code: 'aborted' }])
    expect(TokenError.is(other)).toBe(false);
});

test('redactedCause() accepts a cause that is its own cause, and values that are not errors', () => {
  const circular = new Error('circular');
  circular.cause = circular;
  expect(redactedCause(circular, []).message).toBe('circular');
  for (const value of [undefined, null, 0, '', Symbol('x'), () => {}])
    expect(redactedCause(value, [])).toBeInstanceOf(Error);
});

test('secretsIn() returns the strings and numbers of four characters or more, at any depth', () => {
  expect(secretsIn({ a: 'long enough', b: ['also this', { c: 'abc' }], d: 7, e: null, f: 4711 })).toEqual([
    'long enough',
    'also this',
    '4711',
  ]);
});
