import { Hono } from 'hono';
import { proxy } from 'hono/proxy';
import type { Api } from './startApis.ts';

/** Passes everything on to an API, streams too, except while its auth server is out of order. */
export function proxyRoutes(api: Api, prefix: string): Hono {
  const tokenPath = new URL(api.tokenUrl).pathname;
  return new Hono().all('/*', async context => {
    const { pathname, search } = new URL(context.req.url);
    const path = pathname.slice(prefix.length);
    if (path === tokenPath && api.isDown()) return context.body(null, 503);
    return proxy(api.origin + path + search, context.req.raw).catch(() => context.body(null, 502)); // or the page has left
  });
}
