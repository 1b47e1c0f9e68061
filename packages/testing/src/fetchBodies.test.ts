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

/** Starts a server whose responses begin with `first` and never end. The first token gets this status. */
async function startStreaming(type: string, refusal = 200) {
  const opened: ServerResponse[] = [];
  const server = await startServer(({ headers }, response) => {
    const status = headers.authorization === 'Bearer token-0' ? refusal : 200;
    opened.push(response.writeHead(status, { 'content-type': type }));
    response.write('first');
  });
  return Object.assign(server, { opened });
}

/** Keeps the bodies of responses, to compare them with the delivered ones: a copy of a response has another body. */
function watchBodies() {
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

describe('authFetch', () => {
  test.for([...streams, ...files])('B94 does not read %s: its beginning is delivered before its end', async type => {
    await using server = await startStreaming(type);
    const watched = watchBodies();
    const response = await authFetch(server.auth, watched)(server.url);
    expect(response.bodyUsed).toBe(false);
    expect(response.body).toBe(watched.bodies[0]);
    expect(await readFirst(response)).toBe('first');
    expect(server.sent).toEqual(['token-0']);
  });

  test.for(streams)('B82 does not read a refusal of %s: its status is enough, and it is closed', async type => {
    await using server = await startStreaming(type, 401);
    const response = await authFetch(server.auth)(server.url);
    expect([response.status, await readFirst(response)]).toEqual([200, 'first']);
    await expect.poll(() => server.opened.map(({ closed }) => closed)).toEqual([true, false]);
    expect(server.sent).toEqual(['token-0', 'token-1']);
  });

  test.for(streams)('B83 does not read a forbidden %s, and delivers it', async type => {
    await using server = await startStreaming(type, 403);
    const response = await authFetch(server.auth)(server.url);
    expect([response.status, await readFirst(response)]).toEqual([403, 'first']);
    expect(server.sent).toEqual(['token-0']);
  });

  test.for(['application/json', 'application/graphql-response+json; charset=utf-8', 'Application/JSON'])(
    'reads %s once, and the caller can read it too',
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
      expect(response).toMatchObject({ status: 200, type: answered.type });
      expect(response.bodyUsed).toBe(false);
      expect(await response.json()).toEqual({ data: { n: 1 } });
      expect(pulled).toBe(chunks.length + 1); // the last pull closes the stream
    },
  );

  test.for([204, 205, 304])('delivers a response without a body: %i', async status => {
    await using server = await startServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end();
    });
    const response = await authFetch(server.auth)(server.url);
    expect([response.status, await response.text()]).toEqual([status, '']);
    expect(server.renewals()).toBe(0);
  });
});
