import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request word for word; header names in lower case. */
export interface ScriptedRequest {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** `'drop'` cuts the connection. */
export type ScriptedAnswer =
  | 'drop'
  | {
      /** @defaultValue 200 */
      readonly status?: number;
      readonly headers?: Readonly<Record<string, string>>;
      readonly json?: unknown;
      readonly text?: string;
    };

/** A server of the tests on loopback that answers what it is told. */
export interface Script extends AsyncDisposable {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** What arrived, in order. */
  readonly requests: readonly ScriptedRequest[];
}

async function recorded(incoming: IncomingMessage): Promise<ScriptedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming) chunks.push(chunk as Buffer);
  const { method = '', url = '', headers } = incoming;
  return { method, url, headers: headers as Record<string, string>, body: Buffer.concat(chunks).toString() };
}

/** Starts one. `answer` is asked for each request in turn. */
export async function startScript(
  answer: (request: ScriptedRequest, index: number) => ScriptedAnswer,
): Promise<Script> {
  const requests: ScriptedRequest[] = [];
  const serve = async (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const request = await recorded(incoming);
    const said = answer(request, requests.push(request) - 1);
    if (said === 'drop') return outgoing.destroy();
    const { status = 200, headers = {}, json, text = '' } = said;
    const type = json === undefined ? {} : { 'content-type': 'application/json' };
    return outgoing.writeHead(status, { ...type, ...headers }).end(json === undefined ? text : JSON.stringify(json));
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
