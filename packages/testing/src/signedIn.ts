import { createTokenManager, readTokens, type TokenManager, type TokenManagerOptions } from '@latchkey/core';
import type { Oli } from '@latchkey/emulators';
import { generousLimits } from './generousLimits.ts';

/** A token manager for this server. It has no provider, because the contract is about adapters. */
export function managerFor(server: Oli, options: Partial<TokenManagerOptions> = {}): TokenManager {
  const request = (fields: Record<string, string>, signal: AbortSignal) =>
    fetch(server.tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, client_id: server.clientId }),
      signal,
    }).then(readTokens);
  return createTokenManager({
    ...generousLimits,
    renew: ({ current, signal }) =>
      current?.refreshToken
        ? request({ grant_type: 'refresh_token', refresh_token: current.refreshToken }, signal)
        : null,
    signIn: (credentials, { signal }) =>
      request({ grant_type: 'password', ...(credentials as { username: string; password: string }) }, signal),
    ...options,
  });
}

/** A token manager with the server's first user signed in. */
export async function signedIn(server: Oli, options: Partial<TokenManagerOptions> = {}): Promise<TokenManager> {
  const auth = managerFor(server, options);
  const [{ username, password }] = server.users;
  await auth.signIn({ username, password });
  return auth;
}
