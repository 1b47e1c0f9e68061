import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { ask, events, type Said } from './ask.ts';
import { startToggle, type Toggle } from './startToggle.ts';

const { toggle: expected } = answers;

let server: Toggle;
beforeEach(async () => {
  server = await startToggle();
});
afterEach(() => server.close());

const loginQuery = `query($email: String, $username: String, $password: String!) {
  loginUser(email: $email, username: $username, password: $password) { id }
}`;
const login = (variables: object = server.users[0], token?: string) =>
  ask(server.url, loginQuery, token, { variables: { ...variables, id: undefined, name: undefined } });
const tokenOf = ({ headers }: Said) =>
  (headers['x-authorization'] ?? headers.authorization ?? '').replace('Bearer ', '');
const me = (token?: string) => ask(server.url, '{\n  me { name }\n}', token);
const signedIn = async () => tokenOf(await login());

describe('loginUser', () => {
  test('answers the token in both headers', async () => {
    const said = await login();
    expect(said.status).toBe(200);
    expect(said.json).toMatchObject({ data: { loginUser: { id: 71 } } });
    expect(said.headers['x-authorization']).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    expect(said.headers.authorization).toBe(said.headers['x-authorization']);
    expect(server.stats()).toMatchObject({ tokenRequests: { total: 1, signIn: 1 }, operations: { received: 0 } });
  });

  test('takes an email address instead of the name', async () => {
    const { password } = server.users[1];
    expect((await login({ email: 'wren.abbot@toggle.example', password })).json).toMatchObject({
      data: { loginUser: { id: 72 } },
    });
  });

  test.each([
    ['x-authorization', true, ['x-authorization'], /^Bearer /],
    ['authorization', false, ['authorization'], /^Bearer /],
    ['x-authorization', false, ['x-authorization'], /^[^ ]+$/],
    ['both', false, ['authorization', 'x-authorization'], /^[^ ]+$/],
  ] as const)('answers in %s, prefix: %s', async (tokenHeaders, prefix, names, shape) => {
    server.configure({ tokenHeaders, prefix });
    const { headers } = await login();
    expect(Object.keys(headers).filter(name => name.endsWith('authorization'))).toEqual(names);
    expect(headers[names.at(-1) ?? '']).toMatch(shape);
  });

  test('answers null and no token for a wrong password', async () => {
    const said = await login({ username: 'till.sander', password: 'wrong' });
    expect(said).toMatchObject({ status: 200, json: { data: { loginUser: null } } });
    expect(tokenOf(said)).toBe('');
  });

  test('does not mind a dead token beside it', async () => {
    const token = await signedIn();
    server.revoke();
    expect(tokenOf(await login(server.users[0], token))).not.toBe('');
  });
});

describe('a refusal', () => {
  test.each([403, 401, 200] as const)('has status %i and no data', async unauthorizedStatus => {
    server.configure({ unauthorizedStatus });
    const token = await signedIn();
    server.expireNow();
    const said = await me(token);
    expect(said.status).toBe(unauthorizedStatus);
    expect(said.json).toEqual(expected.unauthorized.json);
    expect(tokenOf(said)).toBe('');
  });

  test('of a subscription is in the stream only with 200', async () => {
    const subscribe = () =>
      ask(server.url, 'subscription {\n  ticks { n }\n}', undefined, { headers: { accept: 'text/event-stream' } });
    expect(await subscribe()).toMatchObject({ status: 403, json: expected.unauthorized.json });
    server.configure({ unauthorizedStatus: 200 });
    expect(events(await subscribe())).toEqual([expected.unauthorized.json]);
  });

  test('can have data', async () => {
    server.configure({ unauthorizedData: true });
    const { json } = expected['unauthorized, data present'];
    expect((await me()).json).toEqual({ ...json, data: { me: null } });
  });

  test('says the same to a user who may not', async () => {
    const said = await me(tokenOf(await login(server.barredUser)));
    expect(said).toMatchObject({ status: 403 });
    expect(said.json).toEqual(expected.unauthorized.json);
  });
});

describe('rotation', () => {
  test('may bring an empty header, or the token of nobody, and the old token lives on', async () => {
    const token = await signedIn();
    server.configure({ rotateAfterMs: 0, answersBring: 'empty' });
    expect((await me(token)).headers['x-authorization']?.replace('Bearer', '').trim()).toBe('');
    server.configure({ answersBring: 'anonymous' });
    const nobodys = tokenOf(await me(token));
    expect(nobodys).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await me(nobodys)).json).toMatchObject({ errors: [{ message: 'Unauthorized' }] });
    expect((await me(token)).json).toMatchObject({ data: { me: {} } });
  });

  test('brings a successor in each answer, and lets the old token live for a grace', async () => {
    server.configure({ rotateAfterMs: 0 });
    const first = await signedIn();
    const second = tokenOf(await me(first));
    expect(second).not.toBe(first);
    expect(await me(first)).toMatchObject({ status: 200 });
    expect(await me(second)).toMatchObject({ status: 200 });
  });

  test('without grace kills the old token at once', async () => {
    server.configure({ rotateAfterMs: 0, graceMs: 0 });
    const first = await signedIn();
    const second = tokenOf(await me(first));
    expect(await me(first)).toMatchObject({ status: 403 });
    expect(await me(second)).toMatchObject({ status: 200 });
  });

  test('brings nothing while the token is young', async () => {
    server.configure({ rotateAfterMs: 3_600_000 });
    expect(tokenOf(await me(await signedIn()))).toBe('');
  });

  test('renews an expired token in an answer that is good, if told so', async () => {
    server.configure({ renewExpiredForMs: 1_209_600_000, graceMs: 0 });
    const first = await signedIn();
    server.expireNow();
    const said = await me(first);
    expect(said).toMatchObject({ status: 200, json: { data: { me: { name: 'Till Sander' } } } });
    expect(await me(tokenOf(said))).toMatchObject({ status: 200 });
    expect(await me(first)).toMatchObject({ status: 403 });
  });

  test('does not renew what was revoked', async () => {
    server.configure({ renewExpiredForMs: 1_209_600_000 });
    const token = await signedIn();
    server.revoke();
    expect(await me(token)).toMatchObject({ status: 403 });
  });
});

test('each answer says what it cost', async () => {
  expect((await me(await signedIn())).json).toEqual({
    data: { me: { name: 'Till Sander' } },
    extensions: { cost: { actualQueryCost: 16, throttleStatus: { maximumAvailable: 8000, currentlyAvailable: 7984 } } },
  });
});

test('a validation error is not about the token', async () => {
  const mutation = 'mutation {\n                            createBalanceAdjustment\n}';
  const said = await ask(server.url, mutation, await signedIn());
  const { status, json } = expected['validation error, must not be read as auth'];
  expect(said).toMatchObject({ status, json });
});

test('a page may read the token headers, unless the server forgot', async () => {
  expect((await login()).headers['access-control-expose-headers']).toBe('X-Authorization, Authorization');
  server.configure({ exposeHeaders: false });
  expect((await login()).headers).not.toHaveProperty('access-control-expose-headers');
});
