import { createTokenManager, type TokenManager } from '@latchkey/core';
import type { StubServer } from './createStubServer.ts';

/** Signed in with a token that looks good for an hour, whatever the server thinks of it. */
export async function signedInManager(server: Pick<StubServer, 'renew'>, accessToken: string): Promise<TokenManager> {
  const auth = createTokenManager({ renew: () => server.renew() });
  await auth.adopt({ accessToken, expiresInS: 3600 });
  return auth;
}
