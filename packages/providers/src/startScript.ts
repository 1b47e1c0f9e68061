import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request as it arrived; header names are in lower case. */
export interface ScriptedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `'drop'` closes the connection without an answer. */
export type ScriptedAnswer =
  | 'drop'
  | {
      /** @defaultValue 200 */
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      /** Sent as JSON, in place of `body`. */
      readonly json?: unknown;
      readonly body?: string;
    };

/** A server on loopback whose answers the test writes. */
export interface Script extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** In the order of arrival. */
  readonly requests: readonly ScriptedRequest[];
}

async function readRequest(incoming: IncomingMessage): Promise<ScriptedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = '', url = '', headers } = incoming;
  return { method, url, headers: headers as Record<string, string>, body: Buffer.concat(chunks).toString() };
}

function send(outgoing: ServerResponse, answer: ScriptedAnswer): void {
  if (answer === 'drop') return void outgoing.destroy();
  const { status = 200, headers = {}, json, body = '' } = answer;
  if (json === undefined) outgoing.writeHead(status, headers).end(body);
  else outgoing.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(json));
}

/** Starts a server that calls `answer` with each request. */
export async function startScript(
  answer: (request: ScriptedRequest, index: number) => ScriptedAnswer,
): Promise<Script> {
  const requests: ScriptedRequest[] = [];
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = await readRequest(incoming);
    send(outgoing, answer(request, requests.push(request) - 1));
  };
  const server = createServer((incoming, outgoing) => void serve(incoming, outgoing));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
