import { once } from 'node:events';
import { Server } from 'node:http';
import { fileURLToPath } from 'node:url';
import { createAdaptorServer } from '@hono/node-server';
import { serveStatic } from '@hono/node-server/serve-static';
import { Hono } from 'hono';
import { secureHeaders } from 'hono/secure-headers';
import { demoRoutes } from './demoRoutes.ts';
import { proxyRoutes } from './proxyRoutes.ts';
import { requireCsrfHeader } from './requireCsrfHeader.ts';
import { sessionRoutes } from './sessionRoutes.ts';
import { type Apis, startApis } from './startApis.ts';

export interface App {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Closes all connections, also streams, and frees the port. */
  readonly close: () => Promise<void>;
}

const page = fileURLToPath(new URL('../dist', import.meta.url));
const contentSecurityPolicy = {
  defaultSrc: ["'self'"],
  styleSrc: ["'self'", "'unsafe-inline'"], // the chart contains a style element
  imgSrc: ["'self'", 'data:'],
};

/**
 * Serves everything that the page needs on one loopback port: the built page, the proxied APIs, the app's sessions, and the
 * controls of the demonstration. `/addresses` lists the APIs that the page calls at other origins.
 *
 * @param port - 0 takes a free port
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
  const server = createAdaptorServer({ fetch: createRoutes(apis).fetch });
  if (!(server instanceof Server)) throw new Error('The server is not an HTTP/1.1 server.');
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch (error) {
    await closeApis();
    throw error;
  }
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');

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

function createRoutes(apis: Apis): Hono {
  const addresses = Object.fromEntries(Object.entries(apis).map(([name, { crossOrigin }]) => [name, crossOrigin]));
  const connectSrc = ["'self'", ...Object.values(addresses).flatMap(urls => Object.values(urls ?? {}))];
  const routes = new Hono()
    .use(
      secureHeaders({
        contentSecurityPolicy: { ...contentSecurityPolicy, connectSrc },
        strictTransportSecurity: false,
      }),
    )
    .use('/:api/session/*', requireCsrfHeader)
    .use('/demo/*', requireCsrfHeader)
    .route('/demo', demoRoutes(apis))
    .get('/addresses', context => context.json(addresses));
  for (const [name, { sessions, proxied }] of Object.entries(apis)) {
    const path = `/${name}`;
    if (sessions) routes.route(`${path}/session`, sessionRoutes(sessions, path));
    if (proxied) routes.route(path, proxyRoutes(proxied, path));
  }
  return routes.use(serveStatic({ root: page }));
}
