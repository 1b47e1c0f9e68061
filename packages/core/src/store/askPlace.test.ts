import { expect, test } from 'vitest';
import { connected, host } from '../../test/scriptedPlace.ts';
import { fakeClock, outcome, scriptedProvider, settled } from '../../test/scriptedProvider.ts';
import { createStore } from './createStore.ts';

test('B114 without a cool-down a place that fails is asked for 5 s, and no longer', async () => {
  const clock = fakeClock();
  let loads = 0;
  const load = () => {
    loads++;
    return new Promise<never>((_, reject) => clock.setTimeout(() => reject(new Error('offline')), 1_000));
  };
  const store = createStore(() => ({ load, save: () => true }));
  const { auth } = scriptedProvider({ store, clock, cooldownMs: 0 });
  const answers: unknown[] = [];
  void outcome(auth.get()).then(answer => answers.push(answer));
  await clock.advance(4_999);
  expect(answers).toEqual([]);
  await clock.advance(1);
  expect(answers).toEqual(['unavailable']);
  expect([loads, clock.timers]).toEqual([5, []]);
});

test('B115 given doubt and a place that is gone, a notice answers those who wait, and the place is not asked again', async () => {
  const { auth, place, clock } = await connected();
  place.gone.add('load');
  host(place).doubt();
  const get = outcome(auth.get());
  await settled();
  place.gone.clear();
  host(place).found(place.entry);
  expect(await get).toBe('A');
  await settled();
  expect(place.log).toEqual(['load']);
  expect(clock.timers).toEqual([]);
});
