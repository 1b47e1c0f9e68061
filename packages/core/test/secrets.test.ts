import { readdir, readFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { redact, redactedCause, textsIn } from '../src/errors/redact.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { TokenEvents } from '../src/session/tokenEvents.ts';
import { keyValueStore } from '../src/store/keyValueStore.ts';
import { memoryStore } from '../src/store/memoryStore.ts';
import type { TokenStore } from '../src/store/tokenStore.ts';
import { readTokens } from '../src/tokens/readTokens.ts';
import { defaultDialect } from '../src/verdict/dialect.ts';
import {
  type Options,
  refusal,
  type ScriptedProvider,
  scriptedProvider,
  settled,
  signedIn,
  success,
} from './scriptedProvider.ts';

// Every secret of these tests holds this word, so that also a part of one is found.
const canary = 'canary';
const parts = { accessToken: 'canary-access-A', refreshToken: 'canary-refresh-A', expiresInS: 3600 };
const next = { accessToken: 'canary-access-B', refreshToken: 'canary-refresh-B' };
const password = 'canary "my canary" word&canary=1, canary; canary';
const credentials = { username: 'ann@example.org', password };

/** Every way in which a value may be shown. */
function shown(value: unknown): string {
  const ways = [inspect(value, { showHidden: true, depth: Number.POSITIVE_INFINITY }), JSON.stringify(value) ?? ''];
  for (let error = value; error instanceof Error; error = error.cause)
    ways.push(String(error), error.message, error.stack ?? '', inspect(error), JSON.stringify(error));
  return ways.join('\n');
}

/** An error as HTTP clients and OAuth libraries throw them: with the request and the answer in it. */
function leaky(...secrets: string[]): Error {
  const text = `${secrets.join(' and ')}; refresh_token=canary-refresh-A&client_secret=canary-client`;
  const cause = Object.assign(new Error(`Authorization: Bearer canary-access-A; "access_token":"canary-access-B"`), {
    code: 'E_canary-access-A',
    request: { headers: { authorization: 'Basic canary' }, body: text },
  });
  return Object.assign(new Error(text, { cause }), {
    name: 'canary-refresh-AError',
    response: { data: next },
    config: { auth: credentials },
  });
}

/** Runs a scene, and looks at everything that came out of it. */
async function leaksOf(scripted: ScriptedProvider, scene: (scripted: ScriptedProvider) => Promise<unknown>) {
  const thrown: unknown = await scene(scripted).catch(error => error);
  await settled();
  const { auth, eventPayloads, states } = scripted;
  const all = [thrown, eventPayloads, states, auth.state, auth];
  const leaks = all.flatMap(value => shown(value).match(/.{0,60}canary.{0,20}/g) ?? []);
  return { leaks: leaks.slice(0, 5), thrown, eventPayloads };
}

const echo = (text: string) => new Error(`no: ${text}`, { cause: { message: text, code: text } });
const renewing = ({ auth }: ScriptedProvider) => auth.renew();
const scenes: readonly (readonly [string, unknown])[] = [
  ['an error full of them', leaky('canary-access-A', 'canary-refresh-A')],
  ['a text', 'canary-access-A canary-refresh-A'],
  ['an error in an error in an error', new Error('a', { cause: new Error('b', { cause: leaky('canary-access-A') }) })],
  ['a cause that is a text', new Error('a', { cause: 'token: canary-access-B' })],
  ['an error of JSON.parse', syntaxError('canary-access-B')],
  ['an error of Headers', headersError('canary-access-A\n')],
  ['an error of Headers that quotes a value without a scheme', keyError('canary-access-A\n')],
  ['an error of Headers about more than a line of a log', keyError(`canary-access-A\n${'x'.repeat(400)}`)],
  ['an error of URL', urlError('canary-access-A')],
  ['an error of fetch about a URL with a password', requestError('canary-access-A')],
  ['a parse error in an error of another name', fetchError('canary-access-B')],
  ['an error of others that is named TokenError', foreignError('invalid_grant')],
  ['a TokenError whose message repeats the token', new TokenError('unavailable', 'No to canary-access-A.')],
  ['a TokenError whose cause is raw', new TokenError('unavailable', 'Down.', { cause: leaky('canary-access-A') })],
  [
    'a TokenError that says no, whose cause is raw',
    new TokenError('sessionExpired', 'No.', { cause: leaky('canary-access-A') }),
  ],
  ['an object with the answer', { message: 'no', response: next, toString: () => 'canary' }],
];

function thrownBy(run: () => unknown): unknown {
  try {
    return run();
  } catch (error) {
    return error;
  }
}
function syntaxError(text: string) {
  return thrownBy(() => JSON.parse(text));
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
function fetchError(text: string) {
  return Object.assign(new Error(`invalid json: ${String(syntaxError(text))}`), { name: 'FetchError' });
}
function foreignError(code: string) {
  return Object.assign(new Error('no'), { name: 'TokenError', code, response: next });
}
function urlError(token: string) {
  return thrownBy(() => new URL(`//user:${token}@`));
}

test.each(scenes)('SEC-01 a renewal that throws %s shows no secret', async (_, error) => {
  const scripted = signedIn({}, parts);
  scripted.renewals.always(() => Promise.reject(error));
  const { leaks, thrown } = await leaksOf(scripted, renewing);
  expect(leaks).toEqual([]);
  expect(thrown).toBeInstanceOf(TokenError);
});

test.each(scenes)('SEC-01 a refused operation whose renewal throws %s shows no secret', async (_, error) => {
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
  ['as it is', echo(password)],
  ['in a URL', echo(encodeURIComponent(password))],
  ['in a form', echo(new URLSearchParams({ p: password }).toString())],
  ['in JSON', echo(JSON.stringify(credentials))],
  ['in a GraphQL document', echo(`mutation{login(password:${JSON.stringify(password)})}`)],
])('SEC-01 a sign-in whose error repeats the password %s shows no secret', async (_, error) => {
  const scripted = scriptedProvider();
  scripted.signIns.always(() => Promise.reject(error));
  const { leaks } = await leaksOf(scripted, ({ auth }) => auth.signIn(credentials));
  expect(leaks).toEqual([]);
  const unattended = scriptedProvider({ credentials: () => credentials });
  unattended.signIns.always(() => Promise.reject(error));
  expect((await leaksOf(unattended, ({ auth }) => auth.get())).leaks).toEqual([]);
});

test.each<readonly [string, unknown, string]>([
  ['a number', { pin: 48_291_357 }, '48291357'],
  ['a value of a map', new Map([['password', 'canary']]), 'canary'],
  ['half a character', { password: 'canary\ud800canary' }, 'canary\ud800canary'],
])('SEC-01 a sign-in whose error repeats %s shows no secret', async (_, given, secret) => {
  const { auth, signIns } = scriptedProvider();
  signIns.always(() => Promise.reject(new Error(`nobody has ${secret}`)));
  const thrown: unknown = await auth.signIn(given as typeof credentials).catch(error => error);
  expect(thrown).toBeInstanceOf(TokenError);
  expect(shown(thrown)).toContain('nobody has [redacted]');
  expect(shown(thrown)).not.toContain(secret);
});

test('SEC-01 a sign-in that is refused or answers garbage shows no secret', async () => {
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

const noProgress = ({ A, auth }: ReturnType<typeof signedIn>) => auth.renew({ refused: A });
test.each<readonly [string, Parameters<ScriptedProvider['renewals']['always']>[0]]>([
  ['a no', () => null],
  ['the refused token', () => parts],
  ['a token that cannot be sent', () => 'canary token'],
  ['a refresh token that cannot be sent', () => ({ accessToken: 'canary-access-B', refreshToken: 'canary\n' })],
  ['no tokens', () => JSON.parse('{"token":"canary-access-B"}')],
  ['a body that is no JSON', () => readTokens(new Response('canary-access-B'))],
  [
    'a refusal that repeats the token',
    () => readTokens(new Response('{"error":"invalid_grant","error_description":"canary-refresh-A"}', { status: 400 })),
  ],
  ['a new token set', () => next],
])('SEC-01 a renewal that answers %s shows no secret', async (_, rule) => {
  const scripted = signedIn({}, parts);
  scripted.renewals.always(rule);
  expect((await leaksOf(scripted, () => noProgress(scripted))).leaks).toEqual([]);
});

/** A store that fails in this way from then on. */
function failing(doing: 'load' | 'save' | 'lock', error: (record: unknown) => unknown): TokenStore {
  const store = memoryStore();
  return {
    ...store,
    load: () => (doing === 'load' ? Promise.reject(error(undefined)) : store.load()),
    save: (record, expected) => (doing === 'save' ? Promise.reject(error(record)) : store.save(record, expected)),
    lock: (run, options) =>
      doing === 'lock' ? Promise.reject(error(undefined)) : (store.lock ?? expect.unreachable())(run, options),
  };
}
test.each<readonly [string, Options['store'], string]>([
  ['save repeats the record', failing('save', record => new Error(`quota: ${JSON.stringify(record)}`)), 'save'],
  ['save repeats the new tokens', failing('save', record => new Error(Object.values(record ?? {}).join(', '))), 'save'],
  ['save throws the record', failing('save', record => record), 'save'],
  ['load repeats what it read', failing('load', () => syntaxError('canary-access-A')), 'load'],
  ['lock repeats a token', failing('lock', () => new Error('token=canary-access-A')), 'lock'],
])('SEC-01 a store whose %s shows no secret', async (_, store, doing) => {
  const scripted = scriptedProvider(store ? { store } : {});
  await scripted.auth.get();
  await scripted.auth.adopt(parts);
  scripted.renewals.always(() => next);
  const { leaks, eventPayloads } = await leaksOf(scripted, renewing);
  expect(leaks).toEqual([]);
  expect(eventPayloads).toContainEqual(expect.objectContaining({ doing }));
});

test('SEC-01 a renewal that takes too long, or whose manager is disposed of, shows no secret', async () => {
  for (const end of ['takes too long', 'is disposed of']) {
    const scripted = signedIn({}, parts);
    const { leaks, thrown } = await leaksOf(scripted, async ({ auth, clock }) => {
      const renewed = auth.renew();
      await settled();
      if (end === 'is disposed of') auth.dispose();
      else void clock.advance(60_000);
      return renewed;
    });
    expect(thrown).toMatchObject({ code: end === 'is disposed of' ? 'disposed' : 'unavailable' });
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
  expect(thrown).toMatchObject({ code: 'notRepeatable' });
  expect(leaks).toEqual([]);
});

test('SEC-02 the keys of a storage tell no secret', async () => {
  const items = new Map<string, string>();
  const storage = {
    getItem: (key: string) => items.get(key) ?? null,
    setItem: (key: string, value: string) => void items.set(key, value),
    removeItem: (key: string) => void items.delete(key),
  };
  const { auth } = scriptedProvider({ store: keyValueStore(storage, 'session') });
  await auth.adopt(parts);
  expect([...items.keys()]).toEqual(['latchkey.session']);
});

test('SEC-01 a dialect or receive that throws what it saw shows no secret', async () => {
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
  const asking = scriptedProvider({ credentials: () => Promise.reject(new Error('vault: password=canary')) });
  expect((await leaksOf(asking, ({ auth }) => auth.get())).leaks).toEqual([]);
});

test('SEC-01 a token set that is printed or made JSON of shows no token', () => {
  const { A } = signedIn({}, parts);
  expect(A.accessToken).toBe('canary-access-A');
  expect(shown(A)).not.toContain(canary);
  expect(shown(Object.assign({}, A))).not.toContain(canary);
});

test('SEC-01 a manager in use shows no token', async () => {
  const scripted = signedIn({}, parts);
  void scripted.auth.renew().catch(() => {});
  await settled();
  scripted.auth.headers(scripted.A);
  expect(shown(scripted.auth)).not.toContain(canary);
});

test.each<readonly [keyof TokenEvents, string, string]>([
  ['forbidden', 'insufficient_scope', 'scope'],
  ['stepUp', 'insufficient_user_authentication', 'acr_values'],
])('CHL-08 %s shows no secret of a challenge that repeats it, and no more than a line', async (name, error, param) => {
  const { A, ...scripted } = signedIn({}, parts);
  const words = ['canary-access-A', encodeURIComponent('canary-refresh-A'), 'token=canary', 'eyJ.canary.sig', 'gold'];
  for (const text of [...words, 'x'.repeat(9_000)]) {
    const challenge = `Bearer error="${error}", ${param}="${text} ${text}", max_age="canary-access-A"`;
    const { leaks } = await leaksOf(scripted, async ({ auth }) => auth.settle(refusal(A, { challenge })));
    expect(leaks).toEqual([]);
  }
  expect(scripted.events).toEqual(Array.from({ length: 6 }, () => name));
  expect(scripted.eventPayloads).toContainEqual(
    expect.objectContaining({ [param === 'scope' ? param : 'acrValues']: 'gold gold' }),
  );
  expect(JSON.stringify(scripted.eventPayloads.at(-1)).length).toBeLessThan(500);
});

test('SEC-02 events carry ids, reasons, times and what a server asks for, and nothing else', async () => {
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
    'session',
    'version',
  ]);
});

test('SEC-01 of two secrets of which one begins like the other, nothing is left', () => {
  expect(redact('no: anna-4711', ['anna', 'anna-4711'])).toBe('no: [redacted]');
});

test('SEC-01 what looks like a secret is redacted though nobody knows it', () => {
  const texts = [
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
  for (const text of texts) expect(redact(text)).not.toContain(canary);
});

test('what this package says of a failure is not redacted itself', async () => {
  const folder = new URL('../src/', import.meta.url);
  const files = (await readdir(folder, { recursive: true })).filter(file => /(?<!\.test)\.ts$/.test(file));
  const texts = await Promise.all(files.map(file => readFile(new URL(file, folder), 'utf8')));
  const sentences = texts.flatMap(text => text.match(/'[A-Z][^'\n]{20,}\.'/g) ?? []);
  expect(sentences.length).toBeGreaterThan(20);
  expect(sentences.filter(sentence => sentence.length < 300 && redact(sentence) !== sentence)).toEqual([]);
});

test('CHL-08 a text of a server is not longer than a line of a log', () => {
  expect(redact('x'.repeat(10_000)).length).toBeLessThanOrEqual(300);
});

test('a redacted cause keeps what helps: name, message, code, status, and its own cause', () => {
  const thrown = Object.assign(
    new TypeError('fetch failed', { cause: Object.assign(new Error('connect'), { code: 'ECONNREFUSED' }) }),
    { status: 503, code: 7 },
  );
  const cause = redactedCause(thrown, []);
  expect(cause).toMatchObject({ name: 'TypeError', message: 'fetch failed', status: 503, code: 7 });
  expect(cause.cause).toMatchObject({ name: 'Error', message: 'connect', code: 'ECONNREFUSED' });
});

test.each([
  ['no "canary canary" and "canary" here', 'no [redacted] here'],
  ['no "canary canary', 'no [redacted]'],
  ['no "canary\ncanary" here', 'no [redacted] here'],
])('what a foreign error quotes is not kept: %j', (message, kept) => {
  expect(redactedCause(new Error(message), []).message).toBe(kept);
});

test('only a TokenError of one of its codes is one', () => {
  const named = (name: string, code: unknown) => Object.assign(new Error('no'), { name, code });
  expect(TokenError.is(new TokenError('aborted', 'Left.'))).toBe(true);
  expect(TokenError.is(named('TokenError', 'aborted'))).toBe(true); // of another copy of this package
  for (const other of [named('TokenError', 'invalid_grant'), named('HttpError', 'aborted'), named('TokenError', 7)])
    expect(TokenError.is(other)).toBe(false);
  for (const other of [undefined, null, 'TokenError', { name: 'TokenError', code: 'aborted' }])
    expect(TokenError.is(other)).toBe(false);
});

test('a cause that is its own cause, or nothing, ends', () => {
  const loop = new Error('round');
  loop.cause = loop;
  expect(redactedCause(loop, []).message).toBe('round');
  for (const nothing of [undefined, null, 0, '', Symbol('x'), () => {}])
    expect(redactedCause(nothing, [])).toBeInstanceOf(Error);
});

test('the secrets of a value are its texts and numbers of some length, however deep', () => {
  expect(textsIn({ a: 'long enough', b: ['also this', { c: 'abc' }], d: 7, e: null, f: 4711 })).toEqual([
    'long enough',
    'also this',
    '4711',
  ]);
});
