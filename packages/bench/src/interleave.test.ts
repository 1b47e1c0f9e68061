import { expect, test } from 'vitest';
import { interleave, type Sample } from './interleave.ts';

test('the contestants take turns, each round begins with another one, and warm-ups do not count', async () => {
  const ran: string[] = [];
  const contestant =
    (name: string): Sample =>
    async () => {
      ran.push(name);
      return ran.length;
    };
  const took = await interleave({ a: contestant('a'), b: contestant('b') }, { rounds: 2, warmUps: 1 });
  expect(ran).toEqual(['a', 'b', 'b', 'a', 'a', 'b']);
  expect(took).toEqual(
    new Map([
      ['a', [4, 5]],
      ['b', [3, 6]],
    ]),
  );
});

test('a contestant that does not finish in time has no values, and is not run again', async () => {
  let runs = 0;
  const hanging: Sample = () => {
    runs++;
    return new Promise(() => {});
  };
  const took = await interleave({ hanging, quick: async () => 1 }, { rounds: 3, warmUps: 0, limitMs: 1_000 });
  expect(runs).toBe(1);
  expect(took.get('hanging')).toBeUndefined();
  expect(took.get('quick')).toEqual([1, 1, 1]);
});

test('a failed operation fails the run', async () => {
  const failing: Sample = () => Promise.reject(new Error('refused'));
  await expect(interleave({ failing }, { rounds: 1, warmUps: 0 })).rejects.toThrow('refused');
});
