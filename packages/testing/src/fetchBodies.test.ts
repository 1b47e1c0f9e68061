import type { ServerResponse } from 'node:http';
import { authFetch } from '@latchkey/fetch';
import { describe, expect, test } from 'vitest';
import { startServer } from './startServer.ts';

const streams = [
  'text/event-stream',
  'multipart/mixed; boundary="-"',
  'multipart/mixed; boundary="application/json"',
  'application/jsonl',
  'application/json-seq',
  'application/x-ndjson',
];
const files = ['application/octet-stream', 'text/plain', 'text/html', 'text/csv; header="+json"', 'image/png'];

/** A server that says `first` and never ends; a dead token is refused with this status. */
async function startStreaming(type: string, refusal = 200) {
  const opened: ServerResponse[] = [];
  const server = await startServer(({ headers }, response) => {
    const status = headers.authorization === 'Bearer token-0' ? refusal : 200;
    opened.push(response.writeHead(status, { 'content-type': type }));
    response.write('first');
  });
  return Object.assign(server, { opened });
}

/** Remembers the body that came, to be compared with the one that is handed on: a copy of a response has another. */
function watching() {
  const bodies: Response['body'][] = [];
  const watched: typeof fetch = async (input, init) => {
    const response = await fetch(input, init);
    bodies.push(response.body);
    return response;
  };
  return { bodies, fetch: watched };
}

async function readFirst({ body }: Response): Promise<string> {
  const read = await body?.getReader().read();
  return new TextDecoder().decode(read?.value);
}

describe('what authFetch reads of an answer', () => {
  test.for([...streams, ...files])('B94 nothing of %s: its beginning is there before its end', async type => {
    await using server = await startStreaming(type);
    const watch = watching();
    const response = await authFetch(server.auth, watch)(server.url);
    expect(response.bodyUsed).toBe(false);
    expect(response.body).toBe(watch.bodies[0]);
    expect(await readFirst(response)).toBe('first');
    expect(server.sent).toEqual(['token-0']);
  });

  test.for(streams)('B82 nothing of %s that is refused: its status is enough, and it is closed', async type => {
    await using server = await startStreaming(type, 401);
    const response = await authFetch(server.auth)(server.url);
    expect([response.status, await readFirst(response)]).toEqual([200, 'first']);
    await expect.poll(() => server.opened.map(({ closed }) => closed)).toEqual([true, false]);
    expect(server.sent).toEqual(['token-0', 'token-1']);
  });

  test.for(streams)('B83 nothing of %s that may not be had: it is delivered', async type => {
    await using server = await startStreaming(type, 403);
    const response = await authFetch(server.auth)(server.url);
    expect([response.status, await readFirst(response)]).toEqual([403, 'first']);
    expect(server.sent).toEqual(['token-0']);
  });

  test.for(['application/json', 'application/graphql-response+json; charset=utf-8', 'Application/JSON'])(
    '%s once, and the caller reads it too',
    async type => {
      const chunks = ['{"data":', '{"n":', '1}}'];
      let pulled = 0;
      const body = new ReadableStream<Uint8Array>(
        {
          pull(controller) {
            const chunk = chunks[pulled++];
            if (chunk) controller.enqueue(new TextEncoder().encode(chunk));
            else controller.close();
          },
        },
        { highWaterMark: 0 },
      );
      await using server = await startServer(() => {});
      const answered = new Response(body, { headers: { 'content-type': type } });
      const response = await authFetch(server.auth, { fetch: async () => answered })(server.url);
      expect(response).toBe(answered);
      expect(response.bodyUsed).toBe(false);
      expect(await response.json()).toEqual({ data: { n: 1 } });
      expect(pulled).toBe(chunks.length + 1); // the last pull finds the end
    },
  );

  test.for([204, 205, 304])('nothing of an answer without a body: %i', async status => {
    await using server = await startServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end();
    });
    const response = await authFetch(server.auth)(server.url);
    expect([response.status, await response.text()]).toEqual([status, '']);
    expect(server.renewals()).toBe(0);
  });
});
