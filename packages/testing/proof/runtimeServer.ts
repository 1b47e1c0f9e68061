import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { listen } from '../src/listen.ts';
import type { Addresses } from './runtimeProgram.ts';

/** A page is of another origin than its API. */
const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': '*, authorization',
  'access-control-allow-methods': '*',
};

/** An API that accepts the tokens of its own auth server, and counts. */
async function startApi(): Promise<{ readonly origin: string; readonly close: () => Promise<void> }> {
  const counts = { renewals: 0, refused: 0, tokens: 0 };
  const json = (response: ServerResponse, status: number, body: unknown) =>
    response.writeHead(status, { 'content-type': 'application/json', ...cors }).end(JSON.stringify(body));

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    await text(request);
    if (request.method === 'OPTIONS') return void response.writeHead(204, cors).end();
    const { authorization } = request.headers;
    if (authorization) counts.tokens++;
    if (request.url === '/counts') json(response, 200, counts);
    else if (request.url === '/token')
      json(response, 200, { access_token: `good-${++counts.renewals}`, expires_in: 3600 });
    else if (request.url === '/graphql' && authorization?.startsWith('Bearer good-'))
      json(response, 200, { data: { n: 1 } });
    else if (request.url === '/graphql') {
      counts.refused++;
      json(response, 401, { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] });
    } else if (request.url === '/broken') {
      response.writeHead(200, { 'content-type': 'application/json', ...cors }).write('{"da');
      setTimeout(() => response.destroy(), 10);
    } else if (request.url !== '/stall')
      response.writeHead(200, { 'content-type': 'text/html' }).end('<!doctype html>');
  }
  return listen(createServer((request, response) => void answer(request, response)));
}

/** Starts the API, and another one. */
export async function startRuntimeServer(): Promise<AsyncDisposable & { readonly addresses: Addresses }> {
  const [api, other] = await Promise.all([startApi(), startApi()]);
  return {
    addresses: { api: api.origin, other: other.origin },
    async [Symbol.asyncDispose]() {
      await Promise.all([api.close(), other.close()]);
    },
  };
}
