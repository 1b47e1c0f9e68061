import { expect, test } from 'vitest';
import { adapters } from './adapters.ts';
import { startServer } from './startServer.ts';

const refusal = { errors: [{ message: 'x', extensions: { code: 'UNAUTHENTICATED' } }] };
const good = { data: { n: 1 } };
const cors = {
  'access-control-allow-origin': '*',
  'access-control-allow-headers': 'authorization, content-type, idempotency-key, accept',
  'access-control-expose-headers': '*',
};

/** What holds in a page that a test environment simulates, with that page's fetch, `Response` and signals. */
export function pageContract(): void {
  const cases = [200, 401, 400].flatMap(status =>
    (['query', 'mutation'] as const).flatMap(kind => adapters.map(adapter => ({ status, kind, adapter }))),
  );
  test.for(cases)('B82 $adapter.name: a $kind that is refused with $status is renewed once, and retried', async one => {
    await using server = await startServer(({ method, headers }, response) => {
      if (method === 'OPTIONS') return void response.writeHead(204, cors).end();
      const isRefused = headers.authorization === 'Bearer token-0';
      response.writeHead(isRefused ? one.status : 200, { 'content-type': 'application/json', ...cors });
      response.end(JSON.stringify(isRefused ? refusal : good));
    });
    const client = one.adapter.connect(server.auth, { url: server.url });
    expect(await client.run(`${one.kind} { n }`)).toEqual({ data: expect.objectContaining(good.data) });
    expect(server.renewals()).toBe(1);
  });

  test.for([...adapters])('B83 $name: an answer that is no refusal is shown with its body', async adapter => {
    await using server = await startServer((_, response) => {
      response.writeHead(200, { 'content-type': 'application/json', ...cors });
      response.end('{"data":{"n":1},"errors":[{"message":"You may not."}]}');
    });
    const answer = await adapter.connect(server.auth, { url: server.url }).run('query { n }');
    expect(answer.data).toMatchObject(good.data);
    expect(JSON.stringify([answer.error, String(answer.error)])).toContain('You may not.');
    expect(server.renewals()).toBe(0);
  });
}
