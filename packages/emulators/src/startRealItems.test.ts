import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import answers from '../fixtures/answers.json' with { type: 'json' };
import { ask, post, type Said } from './ask.ts';
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
  post(server.tokenUrl, { grant_type, username, password }, { authorization });
const tokenOf = ({ json }: Said) => (json as { access_token: string }).access_token;
const claimsOf = (token: string): unknown => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

describe('the password grant', () => {
  test('answers as documented: a token, no refresh token, and the profile', async () => {
    const said = await signIn();
    const jwt = tokenOf(said);
    expect(said).toMatchObject({
      status: 200,
      headers: { ...expected['login ok'].headers, 'cache-control': 'no-store' },
    });
    expect(said.json).toEqual({
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

  test('takes a password of signs that forms escape', async () => {
    expect(await signIn(server.users[1])).toMatchObject({ status: 200, json: { first_name: 'Ivo' } });
  });

  test('refuses a secret that is form-encoded, as RFC 6749 would have it, and a wrong one', async () => {
    const formEncoded = new URLSearchParams({ '': server.clientSecret }).toString().slice(1);
    expect(formEncoded).not.toBe(server.clientSecret);
    for (const secret of [formEncoded, 'wrong']) {
      const said = await signIn(server.users[0], basic(secret));
      const { status, headers, json } = expected['form-encoded basic secret is refused'];
      expect(said).toMatchObject({ status, headers });
      expect(said.json).toEqual({ ...json, timestamp: expect.stringMatching(/^\d{4}-.*\+0000$/) as unknown });
    }
  });

  test('refuses a wrong password, and another grant', async () => {
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
    const said = await ask(server.url, '{ me { name } }', tokenOf(await signIn()));
    expect(said.json).toEqual({ data: { me: { name: 'Sena Bright' } } });
  });

  test('refuses an expired token, and repeats it', async () => {
    const jwt = tokenOf(await signIn());
    server.expireNow();
    const { status, headers, json } = expected['expired access token at /graphql'];
    const said = await ask(server.url, '{ me { name } }', jwt);
    expect(said.status).toBe(status);
    expect(said.json).toEqual({ ...json, error_description: json.error_description.replace('<jwt>', jwt) });
    expect(said.headers).toMatchObject({
      ...headers,
      'www-authenticate': headers['www-authenticate'].replace('<jwt>', jwt),
    });
  });

  test('keeps the token to itself if told so', async () => {
    server.configure({ echoToken: false });
    const jwt = tokenOf(await signIn());
    server.revoke();
    const said = await ask(server.url, '{ me { name } }', jwt);
    expect(said.json).toEqual({ error: 'invalid_token', error_description: 'Access token expired' });
  });

  test('refuses a forged token', async () => {
    const said = await ask(server.url, '{ me { name } }', 'forged');
    expect(said.json).toEqual({ error: 'invalid_token', error_description: 'Cannot convert access token to JSON' });
  });

  test('refuses an anonymous request', async () => {
    expect(await ask(server.url, '{ me { name } }')).toMatchObject(expected['no token at /graphql']);
  });
});
