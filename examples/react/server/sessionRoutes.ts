import { TokenError } from '@latchkey/core';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Session } from './beginSession.ts';
import type { Sessions } from './createSessions.ts';

/**
 * The app's own sign-in for one API. The page gets access tokens. Refresh tokens, secrets and passwords stay on this server,
 * in the token manager of the session that the HttpOnly cookie identifies. Tabs that renew at the same time share one renewal.
 *
 * @param path - the `Path` of the cookie
 */
export function sessionRoutes(sessions: Sessions, path: string): Hono {
  /** Add `secure` where the app runs with TLS; the example does not. */
  const cookieOptions = { httpOnly: true, sameSite: 'Strict', path } as const;

  return new Hono()
    .post('/sign-in', async context => {
      const { username, password } = await bodyOf<'username' | 'password'>(context);
      if (!username || !password) return context.body(null, 400);
      const id = await sessions.begin({ username, password });
      await sessions.end(sessionId(context));
      setCookie(context, 'session', id, cookieOptions);
      return context.json(await tokenFor(sessions.find(id)));
    })
    .post('/refresh', async context => {
      const { current } = await bodyOf<'current'>(context);
      const session = sessions.find(sessionId(context));
      return session ? context.json(await tokenFor(session, current)) : context.body(null, 204);
    })
    .get('/user', context => {
      const { userName } = sessions.find(sessionId(context)) ?? {};
      return userName === undefined ? context.body(null, 404) : context.json({ name: userName });
    })
    .post('/sign-out', async context => {
      await sessions.end(sessionId(context));
      deleteCookie(context, 'session', cookieOptions);
      return context.body(null, 204);
    })
    .onError(async (error, context) => {
      if (!TokenError.is(error)) return context.body(null, 400);
      const isOver = ['sessionExpired', 'signedOut', 'credentialsRejected'].includes(error.code);
      if (isOver && context.req.path.endsWith('/refresh')) await sessions.end(sessionId(context));
      return context.body(null, isOver ? 401 : 503);
    });
}

/** The session id in the page's cookie. */
export const sessionId = (context: Context): string | undefined => getCookie(context, 'session');

const bodyOf = async <Name extends string>(context: Context) =>
  (await context.req.json()) as { readonly [name in Name]?: string };

/**
 * An access token in the shape that `readTokens` reads. A page that sends its current token gets the successor. If another page
 * has renewed that token already, its successor is returned without a second renewal.
 */
async function tokenFor(session: Session | undefined, current?: string): Promise<object> {
  const latest = await session?.auth.get();
  const tokens = latest && latest.accessToken === current ? await session?.auth.renew({ refused: latest }) : latest;
  if (!tokens) throw new TokenError('signedOut', 'Nobody is signed in.');
  const { accessToken, expiresAt } = tokens;
  return { accessToken, ...(expiresAt && { expiresInS: (expiresAt - Date.now()) / 1000 }) };
}
