import { startOli } from '@latchkey/emulators';
import { expect, test } from 'vitest';
import { apolloAdapter } from './apolloAdapter.ts';
import { signedIn } from './signedIn.ts';
import { urqlAdapter } from './urqlAdapter.ts';

test('B99 an Apollo client and a urql client on one manager share one renewal', async () => {
  await using server = await startOli();
  const auth = await signedIn(server);
  const clients = [apolloAdapter, urqlAdapter].map(adapter => adapter.connect(auth, { url: server.url }));
  server.expireNow();
  const answers = await Promise.all(
    clients.flatMap(client =>
      Array.from({ length: 25 }, (_, n) => client.run(`query { items(first: ${n + 1}) { owner } }`)),
    ),
  );
  expect(answers.filter(({ data, error }) => data && !error)).toHaveLength(50);
  expect(server.stats().tokenRequests.refresh).toBe(1);
  expect(server.stats().operations).toMatchObject({ received: 100, refused: 50, executed: 50 });
  auth.dispose();
});
