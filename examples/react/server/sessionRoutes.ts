import { TokenError } from '@latchkey/core';
import { type Context, Hono } from 'hono';
import { deleteCookie, getCookie, setCookie } from 'hono/cookie';
import type { Session } from './beginSession.ts';
import type { Sessions } from './createSessions.ts';

/**
 * The app's own sign-in at one API. The page gets access tokens; refresh tokens, secrets and passwords stay here, with the
 * token manager of the session that an HttpOnly cookie names. So tabs that renew at the same time share one renewal.
 *
 * @param path - where the cookie is sent to
 */
export function sessionRoutes(sessions: Sessions, path: string): Hono {
  /** Not `secure`, because the example runs without TLS. With TLS, add it. */
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

/** The id of the page's session, if it has one. */
export const sessionId = (context: Context): string | undefined => getCookie(context, 'session');

const bodyOf = async <Name extends string>(context: Context) =>
  (await context.req.json()) as { readonly [name in Name]?: string };

/**
 * An access token, as `readTokens` reads it in the page. A page that says which one it has gets a successor of that one, which
 * may be there already: another page that asked before must not lose it again.
 */
async function tokenFor(session: Session | undefined, current?: string): Promise<object> {
  const held = await session?.auth.get();
  const tokens = held && held.accessToken === current ? await session?.auth.renew({ refused: held }) : held;
  if (!tokens) throw new TokenError('signedOut', 'Nobody is signed in.');
  const { accessToken, expiresAt } = tokens;
  return { accessToken, ...(expiresAt && { expiresInS: (expiresAt - Date.now()) / 1000 }) };
}
