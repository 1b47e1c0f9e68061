import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { type Reply, readReply, sendOperation } from './sendOperation.ts';
import { type Altrata, startAltrata } from './startAltrata.ts';

const { altrata: expected } = answers;

let server: Altrata;
beforeEach(async () => {
  server = await startAltrata();
});
afterEach(() => server.close());

const basic = ({ username, password } = server.users[0]) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
const getToken = async ({
  user = server.users[0],
  key = server.apiKey,
  query = '?grant_type=client_credentials',
  body = '',
} = {}) =>
  readReply(
    await fetch(server.tokenUrl + query, {
      method: 'POST',
      headers: {
        authorization: basic(user),
        'x-api-key': key,
        'content-type': 'application/x-www-form-urlencoded',
      },
      body,
    }),
  );
const tokenOf = ({ json }: Reply) => (json as { access_token: string }).access_token;
const me = (token?: string, key = server.apiKey) =>
  sendOperation(server.url, '{ me { name } }', token, { headers: { 'x-api-key': key } });

describe('the token endpoint', () => {
  test('responds as documented, with the grant type in the URL and an empty body', async () => {
    const reply = await getToken();
    expect(reply).toMatchObject({ status: 200, headers: expected['token ok'].headers });
    expect(reply.json).toEqual({ ...expected['token ok'].json, access_token: tokenOf(reply) });
    expect((await me(tokenOf(reply))).json).toEqual({ data: { me: { name: 'Import Service' } } });
  });

  test.each([
    ['query', 400, 200],
    ['body', 200, 400],
    ['either', 200, 200],
  ] as const)('reads the grant type with grantTypeIn: %s', async (grantTypeIn, inBody, inQuery) => {
    server.configure({ grantTypeIn });
    expect(await getToken({ query: '', body: 'grant_type=client_credentials' })).toMatchObject({ status: inBody });
    expect(await getToken()).toMatchObject({ status: inQuery });
  });

  test('checks the key before the secret, or after it with keyFirst: false', async () => {
    const user = { ...server.users[0], password: 'wrong' };
    expect(await getToken({ user, key: 'wrong' })).toMatchObject(expected['missing or bad x-api-key']);
    server.configure({ keyFirst: false });
    expect(await getToken({ user, key: 'wrong' })).toMatchObject({ status: 401, json: { message: 'Unauthorized' } });
    expect(await getToken({ key: 'wrong' })).toMatchObject(expected['missing or bad x-api-key']);
  });

  test('rejects token requests over the quota', async () => {
    server.configure({ tokenQuota: 1 });
    expect(await getToken()).toMatchObject({ status: 200 });
    expect(await getToken()).toMatchObject(expected.quota);
  });
});

describe('a new token', () => {
  test('revokes the previous token of the same service user only', async () => {
    const first = tokenOf(await getToken());
    const otherUsersToken = tokenOf(await getToken({ user: server.users[1] }));
    const second = tokenOf(await getToken());
    expect(await me(first)).toMatchObject(expected['older token after a newer one was issued']);
    expect(await me(second)).toMatchObject({ status: 200 });
    expect(await me(otherUsersToken)).toMatchObject({ status: 200 });
  });

  test('revokes the tokens of all users of the key with oneTokenPer: key', async () => {
    server.configure({ oneTokenPer: 'key' });
    const otherUsersToken = tokenOf(await getToken({ user: server.users[1] }));
    await getToken();
    expect(await me(otherUsersToken)).toMatchObject({ status: 401 });
  });

  test('revokes nothing with killPrevious: false', async () => {
    server.configure({ killPrevious: false });
    const first = tokenOf(await getToken());
    await getToken();
    expect(await me(first)).toMatchObject({ status: 200 });
  });

  test('revokes the previous token after killDelayMs', async () => {
    server.configure({ killDelayMs: 60_000 });
    const first = tokenOf(await getToken());
    const second = tokenOf(await getToken());
    expect(await me(first)).toMatchObject({ status: 200 });
    server.configure({ killDelayMs: 1 });
    await getToken();
    await expect.poll(async () => (await me(second)).status).toBe(401);
  });

  test('that is rejected revokes the current one with failureKills', async () => {
    const first = tokenOf(await getToken());
    const user = { ...server.users[0], password: 'wrong' };
    await getToken({ user });
    expect(await me(first)).toMatchObject({ status: 200 });
    server.configure({ failureKills: true });
    await getToken({ user });
    expect(await me(first)).toMatchObject({ status: 401 });
  });
});

describe('the API', () => {
  test('refuses an expired token', async () => {
    const token = tokenOf(await getToken());
    server.expireNow();
    expect(await me(token)).toMatchObject(expected['expired token']);
  });

  test('refuses a missing or wrong key, whatever the token', async () => {
    const token = tokenOf(await getToken());
    expect(await me(token, 'wrong')).toMatchObject(expected['missing or bad x-api-key']);
    expect(await sendOperation(server.url, '{ me { name } }', token)).toMatchObject(
      expected['missing or bad x-api-key'],
    );
    expect(server.stats().operations).toEqual({ received: 2, refused: 0, executed: 0 });
  });

  test('refuses a missing or forged token', async () => {
    expect(await me()).toMatchObject({ status: 401, json: { message: 'Unauthorized' } });
    expect(await me('forged')).toMatchObject({ status: 401, json: { message: 'Unauthorized' } });
  });
});
