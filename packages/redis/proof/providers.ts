import { readTokens, type TokenManagerOptions, type TokenParts } from '@latchkey/core';

/** Asks the auth server of the proof, which counts by process. */
async function ask(tokenUrl: string, fields: Record<string, string>, signal: AbortSignal): Promise<TokenParts | null> {
  const body = new URLSearchParams({ ...fields, process: String(process.pid) });
  return readTokens(await fetch(tokenUrl, { method: 'POST', body, signal }));
}

/** A new token invalidates the old one; no refresh token. */
export const exclusive = (tokenUrl: string): TokenManagerOptions<never> => ({
  exclusive: true,
  signIn: (_, { signal }) => ask(tokenUrl, { grant_type: 'client_credentials' }, signal),
});

/** A refresh token that is used once. */
export const rotating = (tokenUrl: string): TokenManagerOptions<never> => ({
  signIn: (_, { signal }) => ask(tokenUrl, { grant_type: 'password' }, signal),
  renew: ({ current, signal }) =>
    ask(tokenUrl, { grant_type: 'refresh_token', refresh_token: current?.refreshToken ?? '' }, signal),
});
