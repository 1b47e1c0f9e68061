import { getEventListeners } from 'node:events';
import { TokenError } from '@latchkey/core';
import { describe, expect, test } from 'vitest';
import type { Adapter, Answer } from './adapter.ts';
import { apollo3Adapter } from './apollo3Adapter.ts';
import { apolloAdapter } from './apolloAdapter.ts';
import { managerOf, startSocketServer } from './startSocketServer.ts';
import { testClock } from './testClock.ts';
import { urqlAdapter } from './urqlAdapter.ts';

const turn = () => new Promise<void>(resolve => setImmediate(resolve));
const settled = async () => {
  for (let n = 0; n < 5; n++) await turn();
};

/** Streams over HTTP: their server refuses them as soon as their token has ended. */
async function start(adapter: Adapter, subscriptions?: 'wait' | 'fail') {
  const clock = testClock(settled);
  const server = await startSocketServer(clock, { refusal: 'next' });
  const auth = managerOf(server, clock);
  await auth.adopt(await server.signIn('Ada'));
  let failures = 0;
  auth.on('renewalFailed', () => failures++);
  const client = adapter.connect(auth, { url: server.url, ...(subscriptions && { subscriptions }) });
  const codeOf = (answer: Answer) => {
    const error = adapter.tokenErrorOf(answer) ?? answer.error;
    return TokenError.is(error) ? error.code : (error ?? answer.data);
  };
  return {
    server,
    auth,
    clock,
    client,
    codeOf,
    failures: () => failures,
    watch() {
      const answers: unknown[] = [];
      const next = (answer: Answer) =>
        answers.push((answer.data as { event?: { n: number } } | undefined)?.event?.n ?? codeOf(answer));
      const unsubscribe = client.watch('subscription { event { n } }', { next, complete() {} });
      return { answers, unsubscribe };
    },
    /** Advances the clock until the condition holds. */
    later: (condition: () => boolean) =>
      expect
        .poll(async () => {
          if (!condition()) await clock.advance(1_000);
          return condition();
        })
        .toBe(true),
    async [Symbol.asyncDispose]() {
      auth.dispose();
      await server[Symbol.asyncDispose]();
    },
  };
}

describe.for([apolloAdapter, apollo3Adapter, urqlAdapter])('$name: the auth server is down', adapter => {
  test('B125 a stream over HTTP that is refused waits, and resumes by itself; a query fails', async () => {
    await using it = await start(adapter);
    const { server } = it;
    const { answers } = it.watch();
    await expect.poll(() => server.openStreams(1)).toBe(1);
    server.publish();
    await expect.poll(() => answers).toEqual([1]);
    server.knobs.authServer = 'down';
    server.expire();
    await expect.poll(it.failures).toBe(1);
    expect(it.codeOf(await it.client.run('{ slow }'))).toBe('unavailable');
    await it.later(() => it.failures() > 4);
    expect(answers).toEqual([1]);
    server.knobs.authServer = 'up';
    await it.later(() => server.openStreams(2) === 1);
    server.publish();
    await expect.poll(() => answers).toEqual([1, 2]);
    expect(server.renewals()).toBe(1);
    expect(server.subscribed).toEqual([1, 2]);
  });

  test('B125 so does one that starts during the outage, with a token that has expired', async () => {
    await using it = await start(adapter);
    const { server, clock } = it;
    server.knobs.authServer = 'down';
    clock.jump(3_600_001);
    const { answers } = it.watch();
    await it.later(() => it.failures() > 2);
    expect(answers).toEqual([]);
    server.knobs.authServer = 'up';
    await it.later(() => server.openStreams(2) === 1);
    server.publish();
    await expect.poll(() => answers).toEqual([1]);
  });

  test('B125 one that is torn down while it waits is not opened again, and nobody asks the auth server', async () => {
    await using it = await start(adapter);
    const { server, clock } = it;
    server.knobs.authServer = 'down';
    clock.jump(3_600_001);
    const { unsubscribe } = it.watch();
    await it.later(() => it.failures() > 1);
    unsubscribe();
    const asked = it.failures();
    await clock.advance(600_000);
    expect(it.failures()).toBe(asked);
    server.knobs.authServer = 'up';
    await it.auth.get();
    await clock.advance(1);
    expect(server.subscribed).toEqual([]);
    expect(getEventListeners(it.auth.manager().closing.signal, 'abort')).toEqual([]);
  });

  test('B125 the session is over: the stream ends with sessionExpired', async () => {
    await using it = await start(adapter);
    const { server } = it;
    const { answers } = it.watch();
    await expect.poll(() => server.openStreams(1)).toBe(1);
    server.knobs.authServer = 'down';
    server.expire();
    await expect.poll(it.failures).toBe(1);
    server.knobs.authServer = 'rejects';
    await it.later(() => answers.length > 0);
    expect(answers).toEqual(['sessionExpired']);
  });

  test('B125 with subscriptions: fail it ends with unavailable', async () => {
    await using it = await start(adapter, 'fail');
    const { server } = it;
    const { answers } = it.watch();
    await expect.poll(() => server.openStreams(1)).toBe(1);
    server.knobs.authServer = 'down';
    server.expire();
    await expect.poll(() => answers).toEqual(['unavailable']);
  });
});
