import { once } from 'node:events';
import { type Clock, createTokenManager } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
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

/** Real time, and what the test adds to it. */
function createClock() {
  let aheadMs = 0;
  const clock: Clock = {
    now: () => Date.now() + aheadMs,
    setTimeout: (run, ms) => setTimeout(run, ms).unref(),
    clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
  };
  return {
    clock,
    pass(ms: number) {
      aheadMs += ms;
    },
  };
}

describe.each(matrixClients)('oidc-provider, which rotates refresh tokens, under $name', ({ connect }) => {
  /** How many of so many that were asked at once have failed. */
  const failuresAtOnce = async (auth: Parameters<typeof connect>[0], { url }: OidcServer, count: number) => {
    const client = connect(auth, url);
    const answers = await Promise.all(
      Array.from({ length: count }, (_, n) => client.run(`query Q${n} { me { name } }`)),
    );
    return answers.filter(({ failure }) => failure !== undefined).length;
  };

  test('fifty refused at once: one refresh', async () => {
    await using server = await startOidcProvider();
    const auth = await signedIn(server);
    server.expireNow();
    expect(await failuresAtOnce(auth, server, 50)).toBe(0);
    expect(server.counts()).toEqual({ tokenRequests: 2, refused: 50, executed: 50 });
  });

  test('twenty lifetimes, each ended by a refusal: one refresh each, and the session lives', async () => {
    await using server = await startOidcProvider();
    const auth = await signedIn(server);
    for (let life = 1; life <= 20; life++) {
      server.expireNow();
      expect(await failuresAtOnce(auth, server, 5)).toBe(0);
      expect(server.counts()).toEqual({ tokenRequests: 1 + life, refused: 5 * life, executed: 5 * life });
    }
    expect(auth.state.status).toBe('signedIn');
  });

  test('twenty lifetimes, each ended by the clock: one refresh each before anything is refused', async () => {
    await using server = await startOidcProvider();
    const { clock, pass } = createClock();
    const auth = await signedIn(server, clock);
    for (let life = 1; life <= 20; life++) {
      server.expireNow();
      pass(oidcLifetimeMs);
      expect(await failuresAtOnce(auth, server, 5)).toBe(0);
      expect(server.counts()).toEqual({ tokenRequests: 1 + life, refused: 0, executed: 5 * life });
    }
    expect(auth.state.status).toBe('signedIn');
  });

  test('a used refresh token, used again, kills the grant: the session is over, with one request', async () => {
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

  test('tokens from elsewhere are adopted and renewed, and revoked at sign-out', async () => {
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

test('oidc-provider says no to a wrong password', async () => {
  await using server = await startOidcProvider();
  const wrong = { ...server.user, password: 'Canary-1' };
  await expect(managerAt(server).signIn(wrong)).rejects.toMatchObject({ code: 'credentialsRejected' });
});
