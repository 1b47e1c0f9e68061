import { startOli } from '@latchkey/emulators';
import { authFetch } from '@latchkey/fetch';
import { expect, test } from 'vitest';
import { signedIn } from './signedIn.ts';

const headers = { 'content-type': 'application/json' };

test.for(['challenge401', 'code200', 'resolver200'] as const)(
  'B96 a batch that is refused as %s is renewed once and sent once more, as a batch',
  async shape => {
    await using server = await startOli();
    const auth = await signedIn(server);
    server.refuseAs(shape);
    server.expireNow();
    const body = JSON.stringify([1, 2, 3].map(n => ({ query: `{ items(first: ${n}) { id } }` })));
    const response = await authFetch(auth)(server.url, { method: 'POST', headers, body });
    const answers = (await response.json()) as { data: { items: unknown[] } }[];
    expect(answers.map(({ data }) => data.items.length)).toEqual([1, 2, 3]);
    expect(server.requests.filter(({ kind }) => kind === 'graphql')).toHaveLength(2);
    expect(server.stats().tokenRequests.refresh).toBe(1);
    auth.dispose();
  },
);

test('B96 a batch is not sent again when one of its mutations may have been executed', async () => {
  await using server = await startOli();
  const auth = await signedIn(server);
  server.guard('addItem');
  const body = JSON.stringify([{ query: 'mutation { bump }' }, { query: 'mutation { addItem(title: "x") { id } }' }]);
  await authFetch(auth)(server.url, { method: 'POST', headers: { ...headers, 'idempotency-key': '1' }, body });
  expect(server.stats().mutationsExecuted).toBe(1);
  auth.dispose();
});
