import { once } from 'node:events';
import { type Clock, createTokenManager } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import { createAdvancingClock } from '../matrix/createAdvancingClock.ts';
import { matrixClients } from '../matrix/matrixClients.ts';
import { oauth2 } from './oauth2.ts';
import { type OidcServer, oidcLifetimeMs, startOidcProvider } from './startOidcProvider.ts';

const me = 'query { me { name } }';

function managerAt({ issuer, clientId }: OidcServer, clock?: Clock) {
  return createTokenManager({ ...oauth2({ issuer, clientId }), ...(clock && { clock }) });
}

async function signedIn(server: OidcServer, clock?: Clock) {
  const auth = managerAt(server, clock);
  await auth.signIn(server.user);
  return auth;
}

describe.each(matrixClients)('oidc-provider, which rotates refresh tokens, under $name', ({ connect }) => {
  /** The number of failures of `count` operations sent at once. */
  const failuresAtOnce = async (auth: Parameters<typeof connect>[0], { url }: OidcServer, count: number) => {
    const client = connect(auth, url);
    const answers = await Promise.all(
      Array.from({ length: count }, (_, n) => client.run(`query Q${n} { me { name } }`)),
    );
    return answers.filter(({ failure }) => failure !== undefined).length;
  };

  test('refreshes once for 50 operations refused at once', async () => {
    await using server = await startOidcProvider();
    const auth = await signedIn(server);
    server.expireNow();
    expect(await failuresAtOnce(auth, server, 50)).toBe(0);
    expect(server.counts()).toEqual({ tokenRequests: 2, refused: 50, executed: 50 });
  });

  test('refreshes once per lifetime for 20 lifetimes that end with a refusal', async () => {
    await using server = await startOidcProvider();
    const auth = await signedIn(server);
    for (let lifetime = 1; lifetime <= 20; lifetime++) {
      server.expireNow();
      expect(await failuresAtOnce(auth, server, 5)).toBe(0);
      expect(server.counts()).toEqual({ tokenRequests: 1 + lifetime, refused: 5 * lifetime, executed: 5 * lifetime });
    }
    expect(auth.state.status).toBe('signedIn');
  });

  test('refreshes once per lifetime for 20 lifetimes that end by the clock, before an operation is refused', async () => {
    await using server = await startOidcProvider();
    const { clock, advance } = createAdvancingClock();
    const auth = await signedIn(server, clock);
    for (let lifetime = 1; lifetime <= 20; lifetime++) {
      server.expireNow();
      advance(oidcLifetimeMs);
      expect(await failuresAtOnce(auth, server, 5)).toBe(0);
      expect(server.counts()).toEqual({ tokenRequests: 1 + lifetime, refused: 0, executed: 5 * lifetime });
    }
    expect(auth.state.status).toBe('signedIn');
  });

  test('ends the session after one request when the grant was revoked because a used refresh token was sent again', async () => {
    await using server = await startOidcProvider();
    const auth = await signedIn(server);
    const { refreshToken } = auth.fresh() ?? {};
    await auth.renew();
    const thief = managerAt(server);
    await thief.adopt({ accessToken: 'stolen', refreshToken });
    await expect(thief.renew()).rejects.toMatchObject({ code: 'sessionExpired' });
    expect(server.counts().tokenRequests).toBe(3);
    const client = connect(auth, server.url);
    expect(await client.run(me)).toEqual({ failure: 'sessionExpired' });
    expect(auth.state.status).toBe('signedOut');
    expect(await client.run(me)).toEqual({ failure: 'refused' });
    expect(server.counts()).toEqual({ tokenRequests: 4, refused: 2, executed: 0 });
  });

  test('renews adopted tokens, and revokes them at sign-out', async () => {
    await using server = await startOidcProvider();
    const { accessToken, refreshToken } = (await signedIn(server)).fresh() ?? { accessToken: '' };
    const auth = managerAt(server);
    await auth.adopt({ accessToken, refreshToken });
    await auth.renew();
    expect(await connect(auth, server.url).run(me)).toMatchObject({ data: { me: { name: server.user.username } } });
    const current = auth.fresh();
    const revoked = once(server.provider, 'refresh_token.destroyed');
    await auth.signOut();
    await revoked;
    expect(await server.provider.RefreshToken.find(current?.refreshToken ?? '')).toBeUndefined();
  });
});

test('oidc-provider rejects a wrong password', async () => {
  await using server = await startOidcProvider();
  const wrong = { ...server.user, password: 'Canary-1' };
  await expect(managerAt(server).signIn(wrong)).rejects.toMatchObject({ code: 'credentialsRejected' });
});
