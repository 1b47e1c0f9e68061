import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import type { Sessions } from './createSessions.ts';
import { sessionId } from './sessionRoutes.ts';

/** What of an API the page reaches at the app's own origin. */
export interface Proxied {
  readonly origin: string;
  /** What is added to each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Whose users alone are let through. */
  readonly usersOnly?: Sessions;
}

/**
 * Passes operations on to an API, streams too, with the headers that only this server knows. The page's cookies are this
 * server's own business.
 *
 * An API whose token is everybody's is only for users who are signed in to the app: whoever is signed out is refused here,
 * though the token that the page may have kept still works.
 */
export function proxyRoutes({ origin, headers, usersOnly }: Proxied, prefix: string): Hono {
  return new Hono().all('/graphql', async context => {
    if (usersOnly && !usersOnly.find(sessionId(context))) return context.body(null, 401);
    const { pathname, search } = new URL(context.req.url);
    const { raw } = context.req;
    return proxy(origin + pathname.slice(prefix.length) + search, {
      raw,
      headers: { ...context.req.header(), cookie: undefined, ...headers },
    }).catch(() => context.body(null, 502)); // or the page has left
  });
}
