import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Oli } from '@latchkey/emulators';

/** An application's own server: it keeps the refresh token in an HttpOnly cookie. */
export interface CookieServer {
  readonly origin: string;
  /** While `true`, every token request is answered with 503. */
  isDown: boolean;
  readonly close: () => Promise<void>;
}

/** @param program - the script of the page */
export async function startCookieServer(
  { tokenUrl, logoutUrl, url, clientId }: Oli,
  program: string,
): Promise<CookieServer> {
  const grant = async (response: ServerResponse, fields: Record<string, string>) => {
    if (server.isDown) return response.writeHead(503).end();
    const answer = await fetch(tokenUrl, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, ...fields }),
    });
    if (!answer.ok) return response.writeHead(401).end();
    const { access_token, refresh_token, expires_in } = (await answer.json()) as Record<string, string>;
    response.setHeader('set-cookie', `refresh=${refresh_token}; HttpOnly; SameSite=Strict; Path=/`);
    return send(response, 'application/json', JSON.stringify({ accessToken: access_token, expiresInS: expires_in }));
  };

  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const { headers, method, url: path } = request;
    const body = await text(request);
    const cookie = /refresh=([^;]+)/.exec(headers.cookie ?? '')?.[1] ?? '';
    if (method === 'GET') return path === '/app.js' ? send(response, 'text/javascript', program) : page(response);
    if (path === '/sign-in') return grant(response, { grant_type: 'password', ...JSON.parse(body) });
    if (path === '/refresh') return grant(response, { grant_type: 'refresh_token', refresh_token: cookie });
    if (path === '/graphql') return pass(response, url, headers.authorization, body);
    await fetch(logoutUrl, {
      method: 'POST',
      body: new URLSearchParams({ client_id: clientId, refresh_token: cookie }),
    });
    return response.writeHead(204, { 'set-cookie': 'refresh=; Max-Age=0; Path=/' }).end();
  };

  const http = createServer((request, response) => void answer(request, response).catch(() => response.destroy()));
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const server: CookieServer = {
    origin: `http://localhost:${(http.address() as AddressInfo).port}`,
    isDown: false,
    close: () =>
      new Promise(resolve => {
        http.close(() => resolve());
        http.closeAllConnections();
      }),
  };
  return server;
}

async function pass(response: ServerResponse, url: string, authorization: string | undefined, body: string) {
  const headers = { 'content-type': 'application/json', ...(authorization && { authorization }) };
  const answer = await fetch(url, { method: 'POST', headers, body });
  return response
    .writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? 'text/plain' })
    .end(await answer.text());
}

const page = (response: ServerResponse) =>
  send(
    response,
    'text/html',
    '<!doctype html><link rel="icon" href="data:,"><title>app</title><div id="root"></div><script type="module" src="/app.js"></script>',
  );

const send = (response: ServerResponse, type: string, content: string) =>
  response.writeHead(200, { 'content-type': type }).end(content);
