import { describe, expect, test } from 'vitest';
import { apolloMatch } from './apolloMatch.ts';
import { acceptedToken, createStubServer } from './createStubServer.ts';
import { sides } from './match.ts';
import { storm } from './storm.ts';
import { urqlMatch } from './urqlMatch.ts';

const count = 40;

describe.for([apolloMatch, urqlMatch])('$adapter against $peerName', match => {
  test('without a link or exchange the operations carry no token', async () => {
    const server = createStubServer('now');
    await (await match.bare(server)).prepare(count)();
    expect(server).toMatchObject({ accepted: 0, refused: 0 });
  });

  test.for(sides)('%s: every operation carries the token, wave after wave', async side => {
    const server = createStubServer('now');
    const send = (await match[side](server, acceptedToken)).prepare(count);
    for (let wave = 1; wave <= 3; wave++) {
      await send();
      expect(server).toMatchObject({ accepted: wave * count, refused: 0, renewals: 0 });
    }
  });

  test.for(['ours', 'floor'] as const)(
    '%s: every operation of a storm is sent twice and answered, with one renewal',
    async side => {
      expect(await storm(match, side, count)).toMatchObject({ refused: count, accepted: count, renewals: 1 });
      expect(await storm(match, side, count, 3)).toMatchObject({ refused: count, accepted: count, renewals: 1 });
    },
  );
});

test('the peers answer every operation of a storm too: the documented links with one renewal for each', async () => {
  expect(await storm(apolloMatch, 'peer', count)).toMatchObject({ refused: count, accepted: count, renewals: count });
  expect(await storm(urqlMatch, 'peer', count)).toMatchObject({ refused: count, accepted: count, renewals: 1 });
});

test('an operation that stays refused fails the run', async () => {
  const server = createStubServer('now');
  const refusing = { ...server, handle: (_: unknown, respond: (isRefused: boolean) => void) => respond(true) };
  for (const { bare } of [apolloMatch, urqlMatch])
    await expect((await bare(refusing)).prepare(1)()).rejects.toThrow('not answered with data');
});
