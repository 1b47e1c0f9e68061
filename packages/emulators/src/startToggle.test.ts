import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { eventsIn, type Reply, sendOperation } from './sendOperation.ts';
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
  sendOperation(server.url, loginQuery, token, { variables: { ...variables, id: undefined, name: undefined } });
const tokenOf = ({ headers }: Reply) =>
  (headers['x-authorization'] ?? headers.authorization ?? '').replace('Bearer ', '');
const me = (token?: string) => sendOperation(server.url, '{\n  me { name }\n}', token);
const signedIn = async () => tokenOf(await login());

describe('loginUser', () => {
  test('returns the token in both headers', async () => {
    const reply = await login();
    expect(reply.status).toBe(200);
    expect(reply.json).toMatchObject({ data: { loginUser: { id: 71 } } });
    expect(reply.headers['x-authorization']).toMatch(/^Bearer [\w-]+\.[\w-]+\.[\w-]+$/);
    expect(reply.headers.authorization).toBe(reply.headers['x-authorization']);
    expect(server.stats()).toMatchObject({ tokenRequests: { total: 1, signIn: 1 }, operations: { received: 0 } });
  });

  test('accepts an email address instead of the user name', async () => {
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
  ] as const)('returns the token in %s, prefix: %s', async (tokenHeaders, prefix, names, shape) => {
    server.configure({ tokenHeaders, prefix });
    const { headers } = await login();
    expect(Object.keys(headers).filter(name => name.endsWith('authorization'))).toEqual(names);
    expect(headers[names.at(-1) ?? '']).toMatch(shape);
  });

  test('returns null and no token for a wrong password', async () => {
    const reply = await login({ username: 'till.sander', password: 'wrong' });
    expect(reply).toMatchObject({ status: 200, json: { data: { loginUser: null } } });
    expect(tokenOf(reply)).toBe('');
  });

  test('ignores an invalid token that is sent with it', async () => {
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
    const reply = await me(token);
    expect(reply.status).toBe(unauthorizedStatus);
    expect(reply.json).toEqual(expected.unauthorized.json);
    expect(tokenOf(reply)).toBe('');
  });

  test('of a subscription is an event of the stream only with 200', async () => {
    const subscribe = () =>
      sendOperation(server.url, 'subscription {\n  ticks { n }\n}', undefined, {
        headers: { accept: 'text/event-stream' },
      });
    expect(await subscribe()).toMatchObject({ status: 403, json: expected.unauthorized.json });
    server.configure({ unauthorizedStatus: 200 });
    expect(eventsIn(await subscribe())).toEqual([expected.unauthorized.json]);
  });

  test('can have data', async () => {
    server.configure({ unauthorizedData: true });
    const { json } = expected['unauthorized, data present'];
    expect((await me()).json).toEqual({ ...json, data: { me: null } });
  });

  test('is the same for a user without permission', async () => {
    const reply = await me(tokenOf(await login(server.barredUser)));
    expect(reply).toMatchObject({ status: 403 });
    expect(reply.json).toEqual(expected.unauthorized.json);
  });
});

describe('rotation', () => {
  test('can bring an empty header or an anonymous token, and the old token stays valid', async () => {
    const token = await signedIn();
    server.configure({ rotateAfterMs: 0, answersBring: 'empty' });
    expect((await me(token)).headers['x-authorization']?.replace('Bearer', '').trim()).toBe('');
    server.configure({ answersBring: 'anonymous' });
    const anonymousToken = tokenOf(await me(token));
    expect(anonymousToken).toMatch(/^[\w-]+\.[\w-]+\.[\w-]+$/);
    expect((await me(anonymousToken)).json).toMatchObject({ errors: [{ message: 'Unauthorized' }] });
    expect((await me(token)).json).toMatchObject({ data: { me: {} } });
  });

  test('brings a successor in each response, and the old token stays valid for graceMs', async () => {
    server.configure({ rotateAfterMs: 0 });
    const first = await signedIn();
    const second = tokenOf(await me(first));
    expect(second).not.toBe(first);
    expect(await me(first)).toMatchObject({ status: 200 });
    expect(await me(second)).toMatchObject({ status: 200 });
  });

  test('revokes the old token at once without graceMs', async () => {
    server.configure({ rotateAfterMs: 0, graceMs: 0 });
    const first = await signedIn();
    const second = tokenOf(await me(first));
    expect(await me(first)).toMatchObject({ status: 403 });
    expect(await me(second)).toMatchObject({ status: 200 });
  });

  test('brings no successor before rotateAfterMs', async () => {
    server.configure({ rotateAfterMs: 3_600_000 });
    expect(tokenOf(await me(await signedIn()))).toBe('');
  });

  test('renews an expired token in a successful response, with renewExpiredForMs', async () => {
    server.configure({ renewExpiredForMs: 1_209_600_000, graceMs: 0 });
    const first = await signedIn();
    server.expireNow();
    const reply = await me(first);
    expect(reply).toMatchObject({ status: 200, json: { data: { me: { name: 'Till Sander' } } } });
    expect(await me(tokenOf(reply))).toMatchObject({ status: 200 });
    expect(await me(first)).toMatchObject({ status: 403 });
  });

  test('does not renew a revoked token', async () => {
    server.configure({ renewExpiredForMs: 1_209_600_000 });
    const token = await signedIn();
    server.revoke();
    expect(await me(token)).toMatchObject({ status: 403 });
  });
});

test('each result has its cost', async () => {
  expect((await me(await signedIn())).json).toEqual({
    data: { me: { name: 'Till Sander' } },
    extensions: { cost: { actualQueryCost: 16, throttleStatus: { maximumAvailable: 8000, currentlyAvailable: 7984 } } },
  });
});

test('a validation error is not a refusal', async () => {
  const mutation = 'mutation {\n                            createBalanceAdjustment\n}';
  const reply = await sendOperation(server.url, mutation, await signedIn());
  const { status, json } = expected['validation error, must not be read as auth'];
  expect(reply).toMatchObject({ status, json });
});

test('CORS exposes the token headers, unless exposeHeaders is false', async () => {
  expect((await login()).headers['access-control-expose-headers']).toBe('X-Authorization, Authorization');
  server.configure({ exposeHeaders: false });
  expect((await login()).headers).not.toHaveProperty('access-control-expose-headers');
});
