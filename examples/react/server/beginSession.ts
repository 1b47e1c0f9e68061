import { createTokenManager, TokenError, type TokenManager } from '@latchkey/core';
import type { Altrata, Oli, RealItems, User } from '@latchkey/emulators';
import { altrata } from '@latchkey/providers/altrata';
import type { PasswordCredentials } from '@latchkey/providers/oauth2';
import { oli } from '@latchkey/providers/oli';
import { realItems } from '@latchkey/providers/realItems';

/** A user of the page, as the app's own server knows one. */
export interface Session {
  /** Whose access tokens the page is given. Users may share it. */
  readonly auth: Pick<TokenManager, 'get' | 'renew'>;
  /** Ends the session at the auth server, where it is this user's alone. */
  readonly signOut?: () => Promise<void>;
  /** Where the API does not know it. */
  readonly userName?: string;
}

/** Signs a user of the page in, with what the page must not know. @throws TokenError as `auth.signIn` */
export type BeginSession = (credentials: PasswordCredentials) => Promise<Session>;

/** After a failure the page pauses longer than this: when it asks again, this server does so too. */
const cooldownMs = 1_000;

/** The refresh token stays here. */
export function beginAtOli({ tokenUrl }: Oli): BeginSession {
  return async credentials => {
    const auth = createTokenManager({ ...oli({ tokenUrl, clientId: 'apiclient' }), cooldownMs });
    await auth.signIn(credentials);
    return { auth, signOut: () => auth.signOut() };
  };
}

/** The client's secret stays here; so does the password, because signing in again is the only renewal that there is. */
export function beginAtRealItems({ tokenUrl, clientId, clientSecret }: RealItems): BeginSession {
  return async credentials => {
    const provider = realItems({ tokenUrl, clientId, clientSecret });
    const auth = createTokenManager({ ...provider, credentials: () => credentials, cooldownMs });
    await auth.signIn(credentials);
    return { auth, signOut: () => auth.signOut() };
  };
}

/** Altrata knows no people: these are the app's own. */
export const appUsers: readonly User[] = [
  { id: '1', username: 'pia.dorn', password: 'quay/7^Gull:', name: 'Pia Dorn' },
  { id: '2', username: 'lew.tamm', password: 'reed:4/^Tide', name: 'Lew Tamm' },
];

/**
 * One token manager for all users of the app, because a new token of the service user kills the one before it. With several
 * processes its store would be shared, and have a lock.
 */
export function beginAtAltrata({ tokenUrl, apiKey, users: [serviceUser] }: Altrata): BeginSession {
  const provider = altrata({ tokenUrl, apiKey });
  const auth = createTokenManager({ ...provider, credentials: () => serviceUser, cooldownMs });
  return async ({ username, password }) => {
    const user = appUsers.find(each => each.username === username && each.password === password);
    if (!user)
      throw new TokenError('credentialsRejected', 'The app does not know this user, or the password is wrong.');
    await auth.get(); // now is the time to tell that the auth server is down
    return { auth, userName: user.name };
  };
}
