import { expect, test } from 'vitest';
import { connected, host, renewed } from '../../test/scriptedPlace.ts';
import { hours, outcome, settled } from '../../test/scriptedProvider.ts';

test('B60 a successor that operations may not use from this moment on keeps the waiter in the queue', async () => {
  for (const [usableMs, expected] of [
    [0, []],
    [1, ['B']],
  ] as const) {
    const { auth, place, clock } = await connected();
    place.busy = new Promise(() => {});
    clock.jump(2 * hours);
    const now = clock.now();
    const answers: unknown[] = [];
    void outcome(auth.get()).then(answer => answers.push(answer));
    await settled();
    const fields = { accessToken: 'B', receivedAt: now - hours, expiresAt: now + 6_000 + usableMs }; // less a tenth of a minute
    host(place).found(renewed(place.entry, fields));
    await settled();
    expect(answers).toEqual(expected);
  }
});
