import { expect, test } from 'vitest';
import { fetchClient } from './fetchClient.ts';
import { fuzz } from './fuzz.ts';
import { wrongClients } from './wrongClients.ts';

/** Fixed, so that `npm test` is deterministic. `runFuzz.ts` uses a new seed each time, and all clients. */
const seed = 20_261_128;
const answers = 150;

test('random answers through authFetch are as without it, and no request is sent twice but after a refusal', async () => {
  const { violations, retried } = await fuzz({ client: fetchClient, seed, answers });
  expect([...violations]).toEqual([]);
  expect(retried).toBeGreaterThan(10);
});

test.for(wrongClients)('the fuzzer finds an adapter that $client.name', async ({ client, kind, detail }) => {
  const { violations } = await fuzz({ client, seed, answers, longestMs: 300 });
  const found = [...violations.values()].filter(violation => violation.kind === kind);
  expect(found.map(violation => violation.detail)).toContainEqual(expect.stringContaining(detail));
});
