import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { postForm, type Reply, sendOperation } from './sendOperation.ts';
import { type RealItems, startRealItems } from './startRealItems.ts';

const { realItems: expected } = answers;

let server: RealItems;
beforeEach(async () => {
  server = await startRealItems();
});
afterEach(() => server.close());

const basic = (secret = server.clientSecret) =>
  `Basic ${Buffer.from(`${server.clientId}:${secret}`).toString('base64')}`;
const signIn = ({ username, password } = server.users[0], authorization = basic(), grant_type = 'password') =>
  postForm(server.tokenUrl, { grant_type, username, password }, { authorization });
const tokenOf = ({ json }: Reply) => (json as { access_token: string }).access_token;
const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('the password grant', () => {
  test('returns a token and the profile but no refresh token, as documented', async () => {
    const reply = await signIn();
    const jwt = tokenOf(reply);
    expect(reply).toMatchObject({
      status: 200,
      headers: { ...expected['login ok'].headers, 'cache-control': 'no-store' },
    });
    expect(reply.json).toEqual({
      ...expected['login ok'].json,
      access_token: jwt,
      country: 'NOR',
      mobile: '+4799990031',
      wallets: [`0x${'31'.padStart(40, '0')}`],
      jti: expect.any(String) as unknown,
    });
    expect(claimsOf(jwt)).toMatchObject({ user_name: 'sena@tokens.example', client_id: server.clientId });
    expect(claimsOf(jwt)).not.toHaveProperty('iat');
    expect(server.requests[0]?.body).toContain('&password=4c%2Fr%5EBrine71%3A');
  });

  test('accepts a password of characters that forms escape', async () => {
    expect(await signIn(server.users[1])).toMatchObject({ status: 200, json: { first_name: 'Ivo' } });
  });

  test('rejects a secret that is form-encoded as in RFC 6749, and a wrong one', async () => {
    const formEncoded = new URLSearchParams({ '': server.clientSecret }).toString().slice(1);
    expect(formEncoded).not.toBe(server.clientSecret);
    for (const secret of [formEncoded, 'wrong']) {
      const reply = await signIn(server.users[0], basic(secret));
      const { status, headers, json } = expected['form-encoded basic secret is refused'];
      expect(reply).toMatchObject({ status, headers });
      expect(reply.json).toEqual({ ...json, timestamp: expect.stringMatching(/^\d{4}-.*\+0000$/) as unknown });
    }
  });

  test('rejects a wrong password, and another grant', async () => {
    expect(await signIn({ ...server.users[0], password: 'x' })).toMatchObject(expected['bad password']);
    expect(await signIn(server.users[0], basic(), 'foo')).toMatchObject(expected['unsupported grant']);
  });

  test('fails with 500 when the account is locked', async () => {
    server.configure({ accountsLocked: true });
    expect(await signIn()).toMatchObject({ status: 500, json: { error: 'Internal Server Error' } });
  });
});

describe('the API', () => {
  test('answers a signed-in user', async () => {
    const reply = await sendOperation(server.url, '{ me { name } }', tokenOf(await signIn()));
    expect(reply.json).toEqual({ data: { me: { name: 'Sena Bright' } } });
  });

  test('refuses an expired token, and echoes it', async () => {
    const jwt = tokenOf(await signIn());
    server.expireNow();
    const { status, headers, json } = expected['expired access token at /graphql'];
    const reply = await sendOperation(server.url, '{ me { name } }', jwt);
    expect(reply.status).toBe(status);
    expect(reply.json).toEqual({ ...json, error_description: json.error_description.replace('<jwt>', jwt) });
    expect(reply.headers).toMatchObject({
      ...headers,
      'www-authenticate': headers['www-authenticate'].replace('<jwt>', jwt),
    });
  });

  test('does not echo the token with echoToken: false', async () => {
    server.configure({ echoToken: false });
    const jwt = tokenOf(await signIn());
    server.revoke();
    const reply = await sendOperation(server.url, '{ me { name } }', jwt);
    expect(reply.json).toEqual({ error: 'invalid_token', error_description: 'Access token expired' });
  });

  test('refuses a forged token', async () => {
    const reply = await sendOperation(server.url, '{ me { name } }', 'forged');
    expect(reply.json).toEqual({ error: 'invalid_token', error_description: 'Cannot convert access token to JSON' });
  });

  test('refuses an anonymous request', async () => {
    expect(await sendOperation(server.url, '{ me { name } }')).toMatchObject(expected['no token at /graphql']);
  });
});
