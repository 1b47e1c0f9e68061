import { describe, expect, test } from 'vitest';
import vectors from '../fixtures/vectors.json' with { type: 'json' };
import { type ClientAuthOptions, clientAuthOf } from './clientAuth.ts';

const server = { issuer: 'https://auth.example' };

async function authenticated(options: ClientAuthOptions, metadata: object = {}) {
  const body = new URLSearchParams();
  const headers = new Headers();
  await clientAuthOf(options)({ ...server, ...metadata }, { client_id: options.clientId }, body, headers);
  return { body: body.toString(), headers: Object.fromEntries(headers) };
}

describe('client authentication', () => {
  test.each(vectors.basicAuth)(
    '$clientAuth of "$id" equals the test vector',
    async ({ id, secret, clientAuth, expect: value }) => {
      const options = { clientId: id, clientSecret: secret, clientAuth: clientAuth as 'basic' | 'basicRaw' };
      expect(await authenticated(options)).toEqual({ body: '', headers: { authorization: value } });
    },
  );

  test('is in the body with "post"', async () => {
    expect(await authenticated({ clientId: 'a b', clientSecret: 'p+%', clientAuth: 'post' })).toEqual({
      body: 'client_id=a+b&client_secret=p%2B%25',
      headers: {},
    });
  });

  test('is only the id without a secret', async () => {
    const onlyId = { body: 'client_id=app', headers: {} };
    expect(await authenticated({ clientId: 'app' })).toEqual(onlyId);
    expect(await authenticated({ clientId: 'app', clientAuth: 'none' })).toEqual(onlyId);
  });

  test('is what a function writes', async () => {
    const options: ClientAuthOptions = {
      clientId: 'app',
      clientAuth: (_server, client, body) => body.set('client_assertion', `signed by ${client.client_id}`),
    };
    expect((await authenticated(options)).body).toBe('client_assertion=signed+by+app');
  });

  test('with a secret is Basic, unless discovery lists post and not Basic', async () => {
    const options = { clientId: 'app', clientSecret: 'secret' };
    const listing = (...methods: string[]) => ({ token_endpoint_auth_methods_supported: methods });
    const { authorization } = (await authenticated(options)).headers;
    expect(authorization).toMatch(/^Basic /);
    expect((await authenticated(options, listing('client_secret_post', 'client_secret_basic'))).body).toBe('');
    expect((await authenticated(options, listing('client_secret_post'))).body).toBe(
      'client_id=app&client_secret=secret',
    );
  });

  const someFunction = () => {};
  test.each<[string, Partial<ClientAuthOptions>, string, string]>([
    ['no id', { clientId: '' }, 'clientId', 'Pass the id'],
    ['an empty secret', { clientSecret: '' }, 'clientSecret', 'leave it out'],
    ['a secret and none', { clientSecret: 'Canary-1', clientAuth: 'none' }, 'clientAuth', 'Leave out'],
    ['a secret and a function', { clientSecret: 'Canary-1', clientAuth: someFunction }, 'clientAuth', 'Leave out'],
    ['Basic without a secret', { clientAuth: 'basic' }, 'clientSecret', 'Pass the secret'],
    ['post without a secret', { clientAuth: 'post' }, 'clientSecret', 'Pass the secret'],
    ['an unknown method', { clientSecret: 'Canary-1', clientAuth: 'digest' as 'basic' }, 'clientAuth', "'basicRaw'"],
    ['an inherited name', { clientSecret: 'Canary-1', clientAuth: 'toString' as 'basic' }, 'clientAuth', "'basicRaw'"],
    [
      'a colon in a raw id',
      { clientId: 'a:b', clientSecret: 'Canary-1', clientAuth: 'basicRaw' },
      'clientId',
      "'post'",
    ],
  ])('with %s is misconfigured', (_, options, named, remedy) => {
    const attempt = () => clientAuthOf({ clientId: 'app', ...options });
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(`"${named}"`);
    expect(attempt).toThrow(remedy);
    expect(attempt).not.toThrow('Canary');
  });
});
