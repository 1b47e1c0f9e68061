import { expect, test, vi } from 'vitest';
import { settled } from '../../test/scriptedProvider.ts';
import { holdLock, type LockOptions } from './holdLock.ts';
import type { Hold } from './place.ts';

const held: Hold = { isHeld: () => true };

/** A lock whose grant and end the test decides. */
function scriptedLock(options: Partial<LockOptions> = {}) {
  const stop = new AbortController();
  const limit = new AbortController();
  const steps: string[] = [];
  let inside: (hold: Hold) => Promise<void> = () => expect.unreachable();
  let end: { resolve: () => void; reject: (error: unknown) => void } = { resolve() {}, reject() {} };
  let finish = () => {};
  const lock = vi.fn(
    (run: (hold: Hold) => Promise<void>) =>
      new Promise<void>((resolve, reject) => {
        inside = run;
        end = { resolve, reject };
      }),
  );
  const run = () => {
    steps.push('begins');
    return new Promise<void>(resolve => {
      finish = () => {
        steps.push('ends');
        resolve();
      };
    });
  };
  const start = () =>
    void holdLock(run, {
      lock,
      signal: stop.signal,
      mayLetGo: () => false,
      saved: async () => {},
      limit: limit.signal,
      succeeded: () => void steps.push('works'),
      gone: async thrown => void steps.push(`gone: ${String(thrown)}`),
      ...options,
    }).then(
      () => steps.push('resolves'),
      (error: unknown) => steps.push(`rejects: ${String(error)}`),
    );
  const grant = () =>
    void inside(held).then(() => {
      steps.push('let go');
      end.resolve();
    });
  const after = async (act: () => void) => {
    act();
    await settled();
    return steps.splice(0);
  };
  return {
    start,
    stop,
    limit,
    lock,
    grant,
    finish: () => finish(),
    after,
    fail: (error: unknown) => end.reject(error),
    pass: () => end.resolve(),
  };
}

test('it resolves when the run has ended, and lets the lock go', async () => {
  const { start, grant, finish, after } = scriptedLock();
  expect(await after(start)).toEqual([]);
  expect(await after(grant)).toEqual(['works', 'begins']);
  expect(await after(finish)).toEqual(['ends', 'resolves', 'let go']);
});

test('with a signal that has aborted nothing is asked', async () => {
  const { start, stop, lock, after } = scriptedLock();
  stop.abort();
  expect(await after(start)).toEqual(['resolves']);
  expect(lock).not.toHaveBeenCalled();
});

test('an abort ends the wait, and a grant that comes later runs nothing', async () => {
  const { start, stop, grant, after } = scriptedLock();
  await after(start);
  expect(await after(() => stop.abort())).toEqual(['resolves']);
  expect(await after(grant)).toEqual(['let go']);
});

test('B67 a lock that resolves without a run, as one that is not available, is gone', async () => {
  const { start, pass, after } = scriptedLock();
  await after(start);
  expect(await after(pass)).toEqual(['gone: undefined', 'resolves']);
});

test('an abort during the run keeps the lock until the run has ended', async () => {
  const { start, stop, grant, finish, after } = scriptedLock();
  await after(start);
  await after(grant);
  expect(await after(() => stop.abort())).toEqual([]);
  expect(await after(finish)).toEqual(['ends', 'resolves', 'let go']);
});

test('an abort during a run whose session is over lets the lock go, when the end is saved', async () => {
  let saved = () => {};
  const saving = new Promise<void>(resolve => {
    saved = resolve;
  });
  const { start, stop, grant, finish, after } = scriptedLock({ mayLetGo: () => true, saved: () => saving });
  await after(start);
  await after(grant);
  expect(await after(() => stop.abort())).toEqual([]);
  expect(await after(saved)).toEqual(['let go']);
  expect(await after(finish)).toEqual(['ends', 'resolves']);
});

test('a run that has ended resolves at once; the lock is let go when what others must find is saved', async () => {
  let saved = () => {};
  const saving = new Promise<void>(resolve => {
    saved = resolve;
  });
  const { start, grant, finish, after } = scriptedLock({ saved: () => saving });
  await after(start);
  await after(grant);
  expect(await after(finish)).toEqual(['ends', 'resolves']);
  expect(await after(saved)).toEqual(['let go']);
});

test('when the time for what was sent is up, the lock is let go, also after an abort', async () => {
  for (const aborts of [false, true]) {
    const { start, stop, limit, grant, after } = scriptedLock();
    await after(start);
    await after(grant);
    if (aborts) expect(await after(() => stop.abort())).toEqual([]);
    expect(await after(() => limit.abort())).toEqual(['let go']);
  }
});

test('a lock that runs twice runs once', async () => {
  const { start, grant, after } = scriptedLock();
  await after(start);
  await after(grant);
  expect(await after(grant)).toEqual(['let go']);
});

test('a lock that rejects before the run is gone; after an abort, or after the run, its error is ignored', async () => {
  const rejecting = async (before: (lock: ReturnType<typeof scriptedLock>) => void) => {
    const lock = scriptedLock();
    await lock.after(lock.start);
    await lock.after(() => before(lock));
    return lock.after(() => lock.fail('offline'));
  };
  expect(await rejecting(() => {})).toEqual(['gone: offline', 'resolves']);
  expect(await rejecting(({ stop }) => stop.abort())).toEqual([]);
  expect(await rejecting(({ grant }) => grant())).toEqual([]);
});

test('a lock that rejects, and then runs all the same, runs nothing', async () => {
  const { start, grant, fail, after } = scriptedLock();
  await after(start);
  await after(() => fail('offline'));
  expect(await after(grant)).toEqual(['let go']);
});

test('a lock that throws is gone, and what then fails is passed on', async () => {
  const { start, after } = scriptedLock({
    lock: () => {
      throw new Error('SecurityError');
    },
    gone: thrown => Promise.reject(thrown),
  });
  expect(await after(start)).toEqual(['rejects: Error: SecurityError']);
});
