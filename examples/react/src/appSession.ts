import { tabStore } from '@latchkey/browser';
import { readTokens, type TokenManagerOptions, type TokenParts } from '@latchkey/core';
import { post } from './post.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Token manager options for a session that the app's own server keeps. */
type AppSession = Required<
  Pick<TokenManagerOptions<Credentials, TokenParts>, 'renew' | 'restore' | 'signIn' | 'signOut' | 'store'>
>;

/**
 * Sign-in at the app's own server, which keeps what a page must not have: a refresh token, a client secret, an API key. An
 * HttpOnly cookie identifies the session, also after a reload. A renewal sends the page's current token, so that the server
 * does not renew a token that it has already renewed for another page. All tabs are one session.
 *
 * @param name - of the session, among those of this origin
 */
export function appSession(url: string, name: string): AppSession {
  return {
    renew: ({ current, signal }) =>
      post(`${url}/refresh`, { signal, body: { current: current?.accessToken } }).then(readTokens),
    restore: true,
    store: tabStore(name),
    signIn: (credentials, { signal }) => post(`${url}/sign-in`, { signal, body: credentials }).then(readTokens),
    signOut: (_, { signal }) => post(`${url}/sign-out`, { signal }),
  };
}
