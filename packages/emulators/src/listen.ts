import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';

/** `drop` closes the connection without a response, `hang` never responds. */
export type Answer = Response | 'drop' | 'hang';

export interface Listening {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Closes all connections, also streams and kept-alive ones, and frees the port. */
  readonly close: () => Promise<void>;
}

/**
 * An HTTP server on loopback with a handler from `Request` to `Response`.
 *
 * @param port - 0 takes a free port
 */
export async function listen(handle: (request: Request) => Promise<Answer>, port = 0): Promise<Listening> {
  let origin = '';
  const server = createServer((incoming, outgoing) => {
    answer(incoming, outgoing, origin, handle).catch(() => outgoing.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  origin = `http://127.0.0.1:${address.port}`;

  return {
    origin,
    async close() {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  origin: string,
  handle: (request: Request) => Promise<Answer>,
): Promise<void> {
  const closed = new AbortController();
  outgoing.on('close', () => closed.abort());
  const response = await handle(await toRequest(incoming, origin, closed.signal));
  if (response === 'hang' || closed.signal.aborted) return;
  if (response === 'drop') {
    outgoing.destroy();
    return;
  }
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) outgoing.end();
  else await pipeline(Readable.from(response.body), outgoing);
}

async function toRequest(incoming: IncomingMessage, origin: string, signal: AbortSignal): Promise<Request> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(Buffer.from(chunk));
  const headers = new Headers();
  for (const [name, values] of Object.entries(incoming.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  const method = incoming.method ?? 'GET';
  const body = method === 'GET' || method === 'HEAD' ? null : Buffer.concat(chunks);
  return new Request(new URL(incoming.url ?? '/', origin), {
    method,
    headers,
    body,
    signal,
  });
}
