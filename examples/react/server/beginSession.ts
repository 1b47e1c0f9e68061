import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import type { Altrata, Oli, RealItems, User } from '@latchkey/emulators';
import { altrata } from '@latchkey/providers/altrata';
import type { PasswordCredentials } from '@latchkey/providers/oauth2';
import { oli } from '@latchkey/providers/oli';
import { realItems } from '@latchkey/providers/realItems';

/** The session of a user, as the app's own server keeps it. */
export interface Session {
  /** Provides the access tokens for the page. Users may share it. */
  readonly auth: Pick<TokenManager, 'get' | 'renew'>;
  /** Ends the session at the auth server. Absent where users share the token. */
  readonly signOut?: () => Promise<void>;
  /** Present where the API does not know the user. */
  readonly userName?: string;
}

/** Signs a user in, with secrets that the page must not have. @throws TokenError as `auth.signIn` */
export type BeginSession = (credentials: PasswordCredentials) => Promise<Session>;

/** Shorter than the cool-down of the page, so that a new attempt of the page is a new attempt of this server too. */
const cooldownMs = 1_000;

/** The refresh token stays on this server. */
export function beginAtOli({ tokenUrl }: Oli): BeginSession {
  return async credentials => {
    const auth = createTokenManager({ ...oli({ tokenUrl, clientId: 'apiclient' }), cooldownMs });
    await auth.signIn(credentials);
    return { auth, signOut: () => auth.signOut() };
  };
}

/** The client secret stays on this server. The password too, because signing in again is the only renewal. */
export function beginAtRealItems({ tokenUrl, clientId, clientSecret }: RealItems): BeginSession {
  return async credentials => {
    const provider = realItems({ tokenUrl, clientId, clientSecret });
    const auth = createTokenManager({ ...provider, credentials: () => credentials, cooldownMs });
    await auth.signIn(credentials);
    return { auth, signOut: () => auth.signOut() };
  };
}

/** The users of the app. Altrata has service users only. */
export const appUsers: readonly User[] = [
  { id: '1', username: 'pia.dorn', password: 'quay/7^Gull:', name: 'Pia Dorn' },
  { id: '2', username: 'lew.tamm', password: 'reed:4/^Tide', name: 'Lew Tamm' },
];

/**
 * One token manager for all users of the app, because a new token of the service user revokes the previous one. With several
 * processes it needs a shared store with a lock.
 */
export function beginAtAltrata({ tokenUrl, apiKey, users: [serviceUser] }: Altrata): BeginSession {
  const provider = altrata({ tokenUrl, apiKey });
  const auth = createTokenManager({ ...provider, credentials: () => serviceUser, cooldownMs });
  return async ({ username, password }) => {
    const user = appUsers.find(each => each.username === username && each.password === password);
    if (!user) throw new TokenError('credentialsRejected', 'The user name or the password is wrong.');
    await auth.get(); // so that the sign-in fails when the auth server is down
    return { auth, userName: user.name };
  };
}
