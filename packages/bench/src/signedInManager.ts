import { createTokenManager, type TokenManager } from '@latchkey/core';
import type { StubServer } from './createStubServer.ts';

/** A manager whose token expires in an hour; the server may refuse it all the same. */
export async function signedInManager(server: Pick<StubServer, 'renew'>, accessToken: string): Promise<TokenManager> {
  const auth = createTokenManager({ renew: () => server.renew() });
  await auth.adopt({ accessToken, expiresInS: 3600 });
  return auth;
}
