import { authExchange } from '@latchkey/urql';
import { Client, fetchExchange } from '@urql/core';
import { describe, expect, test } from 'vitest';
import type { Answer } from './adapter.ts';
import { adapters } from './adapters.ts';
import { fetchAdapter } from './fetchAdapter.ts';
import { startServer } from './startServer.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const refusal = { message: 'x', extensions: { code: 'UNAUTHENTICATED' } };

describe('urql shows an answer that is no refusal as without us', () => {
  test.for([600, 999])('of status %i, which no Response takes', async status => {
    await using server = await startServer((_, response) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"data":{"n":1}}');
    });
    expect(await urqlAdapter.connect(server.auth, { url: server.url }).run('{ n }')).toEqual({ data: { n: 1 } });
  });

  test('whose body breaks off: its response and its status text', async () => {
    await using server = await startServer((_, response) => {
      response.writeHead(502, 'Bad Gateway', { 'content-type': 'application/json' });
      response.write('{"er');
      setImmediate(() => response.destroy());
    });
    const [bare, ours] = await Promise.all(
      [[fetchExchange], [authExchange(server.auth), fetchExchange]].map(exchanges =>
        new Client({ url: server.url, exchanges }).query('{ n }', {}).toPromise(),
      ),
    );
    expect(ours?.error?.message).toBe(bare?.error?.message);
    expect(ours?.error?.response).toMatchObject({ status: 502, statusText: 'Bad Gateway', type: 'basic' });
  });
});

test.for([
  ['null among its errors', [null, { ...refusal, path: ['n', 'm'] }]],
  ['an error without a message', [refusal, { path: ['n', 'm'] }]],
] as const)(
  'B89 a mutation is not sent twice through urql after a 401 with %s, which shows that it ran',
  async ([, errors]) => {
    await using server = await startServer((_, response) => {
      response.writeHead(401, { 'content-type': 'application/json' }).end(JSON.stringify({ errors }));
    });
    const { error } = await urqlAdapter.connect(server.auth, { url: server.url }).run('mutation { n }');
    expect(error).toBeDefined();
    expect(server.sent).toEqual(['token-0']);
  },
);

test('B82 a refusal without a message is noticed through urql', async () => {
  await using server = await startServer(({ headers }, response) => {
    const isRefused = headers.authorization === 'Bearer token-0';
    const body = isRefused ? { errors: [{ extensions: refusal.extensions }] } : { data: { n: 1 } };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  });
  expect(await urqlAdapter.connect(server.auth, { url: server.url }).run('{ n }')).toEqual({ data: { n: 1 } });
});

test.for(adapters.filter(adapter => adapter !== fetchAdapter))(
  'B94 $name: a stream that is refused after its first payload is not sent again, also when that had no data',
  async adapter => {
    const payloads = [
      { data: null, errors: [{ message: 'x' }], hasNext: true },
      { errors: [refusal], hasNext: false },
    ];
    await using server = await startServer((_, response) => {
      response.writeHead(200, { 'content-type': 'multipart/mixed; boundary="-"' });
      for (const payload of payloads) response.write(`\r\n---\r\n\r\n${JSON.stringify(payload)}`);
      response.end('\r\n-----\r\n');
    });
    const seen: Answer[] = [];
    const client = adapter.connect(server.auth, { url: server.url });
    await new Promise<void>(resolve => {
      client.watch('query { n }', {
        next: answer => seen.push(answer) === payloads.length && resolve(),
        complete: resolve,
      });
    });
    expect(seen).toHaveLength(payloads.length);
    expect(server.sent).toEqual(['token-0']);
  },
);
