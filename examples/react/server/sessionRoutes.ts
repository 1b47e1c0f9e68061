import { randomUUID } from 'node:crypto';
import { createTokenManager, TokenError, type TokenManager, type TokenSet } from '@latchkey/core';
import type { PasswordCredentials } from '@latchkey/providers/oauth2';
import { oli } from '@latchkey/providers/oli';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Api } from './startApis.ts';

/** Not `secure`, because the example runs without TLS. With TLS, add it. */
const cookieOptions = { httpOnly: true, sameSite: 'Strict', path: '/session' } as const;

/**
 * The app's own sign-in. The page gets access tokens; the refresh token stays here, in a token manager per session that an
 * HttpOnly cookie names. So tabs that renew at the same time share one renewal.
 */
export function sessionRoutes(api: Api, clientId: string): Hono {
  const sessions = new Map<string, TokenManager<PasswordCredentials>>();
  const sessionOf = (context: Context) => sessions.get(getCookie(context, 'session') ?? '');

  return new Hono()
    .use(async (context, next) => (api.isDown() ? context.body(null, 503) : next()))
    .post('/sign-in', async context => {
      const { username, password }: Partial<PasswordCredentials> = await context.req.json();
      if (!username || !password) return context.body(null, 400);
      const auth = createTokenManager(oli({ tokenUrl: api.tokenUrl, clientId }));
      await auth.signIn({ username, password });
      await sessionOf(context)?.signOut();
      const id = randomUUID();
      sessions.set(id, auth);
      auth.on('signedOut', () => sessions.delete(id));
      setCookie(context, 'session', id, cookieOptions);
      return context.json(answerOf(await auth.get()));
    })
    .post('/refresh', async context => {
      const auth = sessionOf(context);
      return auth ? context.json(answerOf(await auth.renew())) : context.body(null, 204);
    })
    .post('/sign-out', async context => {
      await sessionOf(context)?.signOut();
      deleteCookie(context, 'session', cookieOptions);
      return context.body(null, 204);
    })
    .onError((error, context) => {
      if (!TokenError.is(error)) return context.body(null, 400);
      const isNo = ['sessionExpired', 'signedOut', 'credentialsRejected'].includes(error.code);
      return context.body(null, isNo ? 401 : 503);
    });
}

/** What `readTokens` reads in the page. */
function answerOf(tokens: TokenSet | null): object {
  if (!tokens) throw new TokenError('signedOut', 'Nobody is signed in.');
  const { accessToken, expiresAt } = tokens;
  return { accessToken, ...(expiresAt && { expiresInS: (expiresAt - Date.now()) / 1000 }) };
}
