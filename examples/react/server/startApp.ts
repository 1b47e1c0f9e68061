import { once } from 'node:events';
import { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { demoRoutes } from './demoRoutes.ts';
import { ownPagesOnly } from './ownPagesOnly.ts';
import { proxyRoutes } from './proxyRoutes.ts';
import { sessionRoutes } from './sessionRoutes.ts';
import { startApis } from './startApis.ts';

export interface App {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Cuts what is open, streams too, and frees the port. */
  readonly close: () => Promise<void>;
}

const page = fileURLToPath(new URL('../dist', import.meta.url));
const contentSecurityPolicy = {
  defaultSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"], // the chart brings a style element
  imgSrc: ["'self'", 'data:'],
};

/**
 * Everything that the page needs: on one port of loopback the built page, the APIs that the app mediates, its own
 * sessions, and the controls of the demonstration. The APIs that need no secret are at origins of their own, which `/addresses`
 * tells.
 *
 * @param port - 0 takes a free one
 * @param authServerMs - how long an auth server takes to answer
 * @throws when the port is in use
 */
export async function startApp({
  port,
  authServerMs = 0,
}: {
  readonly port: number;
  readonly authServerMs?: number;
}): Promise<App> {
  const apis = await startApis(authServerMs);
  const closeApis = async () => void (await Promise.all(Object.values(apis).map(api => api.close())));
  const connectSrc = ["'self'", ...Object.values(apis).flatMap(({ foreign }) => Object.values(foreign ?? {}))];
  const app = new Hono()
    .use(
      secureHeaders({
        contentSecurityPolicy: { ...contentSecurityPolicy, connectSrc },
        strictTransportSecurity: false,
      }),
    )
    .use('/:api/session/*', ownPagesOnly)
    .use('/demo/*', ownPagesOnly)
    .route('/demo', demoRoutes(apis))
    .get('/addresses', context =>
      context.json(Object.fromEntries(Object.entries(apis).map(([name, { foreign }]) => [name, foreign]))),
    );
  for (const [name, { sessions, proxied }] of Object.entries(apis)) {
    const path = `/${name}`;
    if (sessions) app.route(`${path}/session`, sessionRoutes(sessions, path));
    if (proxied) app.route(path, proxyRoutes(proxied, path));
  }
  app.use(serveStatic({ root: page }));

  const server = createAdaptorServer({ fetch: app.fetch });
  if (!(server instanceof Server)) throw new Error('Not a server of HTTP/1.1');
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await closeApis();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port');

  return {
    origin: `http://127.0.0.1:${address.port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await Promise.all([closed, closeApis()]);
    },
  };
}
