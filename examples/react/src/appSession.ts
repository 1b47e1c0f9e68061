import { readTokens, type TokenManagerOptions, type TokenParts } from '@latchkey/core';
import { post } from './post.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Manager options for a session that the app's own server keeps. */
type AppSession = Required<
  Pick<TokenManagerOptions<Credentials, TokenParts>, 'renew' | 'restore' | 'signIn' | 'signOut'>
>;

/**
 * Sign-in at the app's own server, which holds what a page must not: a refresh token, a client's secret, an API key. An
 * HttpOnly cookie says whose session it is, also after a reload. A renewal names the token that the page has, so that the
 * server need not renew what it has renewed for another page already.
 */
export function appSession(url: string): AppSession {
  return {
    renew: ({ current, signal }) =>
      post(`${url}/refresh`, { signal, body: { current: current?.accessToken } }).then(readTokens),
    restore: true,
    signIn: (credentials, { signal }) => post(`${url}/sign-in`, { signal, body: credentials }).then(readTokens),
    signOut: (_, { signal }) => post(`${url}/sign-out`, { signal }),
  };
}
