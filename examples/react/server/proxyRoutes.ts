import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import type { Sessions } from './createSessions.ts';
import { sessionId } from './sessionRoutes.ts';

/** An API that the page reaches through the app's own origin. */
export interface Proxied {
  readonly origin: string;
  /** Added to each request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** When given, only requests with one of these sessions are passed on. */
  readonly requiredSessions?: Sessions;
}

/**
 * Passes operations on to an API, also streams, with headers that only this server has and without the page's cookies.
 *
 * `requiredSessions` is for an API whose token all users share: a user who has signed out is refused here, although the token
 * itself is still valid.
 */
export function proxyRoutes({ origin, headers, requiredSessions }: Proxied, prefix: string): Hono {
  return new Hono().all('/graphql', async context => {
    if (requiredSessions && !requiredSessions.find(sessionId(context))) return context.body(null, 401);
    const { pathname, search } = new URL(context.req.url);
    const { raw } = context.req;
    return proxy(origin + pathname.slice(prefix.length) + search, {
      raw,
      headers: { ...context.req.header(), cookie: undefined, ...headers },
    }).catch(() => context.body(null, 502)); // also when the page aborted the request
  });
}
