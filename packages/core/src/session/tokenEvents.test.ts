import { expect, test, vi } from 'vitest';
import { fakeClock } from '../../test/scriptedProvider.ts';
import { createEvents, emitEvent, emitRefusal, flushEvents, onEvent, queueEvent } from './tokenEvents.ts';

const sessionId = 'of-ann';

test('an event is emitted to the listeners of its name, with its time, until they stop', () => {
  const clock = fakeClock();
  const events = createEvents(clock);
  const log: unknown[] = [];
  const stop = onEvent(events, 'refused', event => log.push(['one', event]));
  onEvent(events, 'refused', event => log.push(['two', event]));
  onEvent(events, 'retried', () => expect.unreachable());
  emitEvent(events, 'refused', { sessionId });
  const event = { at: clock.now(), sessionId };
  expect(log).toEqual([
    ['one', event],
    ['two', event],
  ]);
  stop();
  emitRefusal(events, 'refused', sessionId);
  expect(log.slice(2)).toEqual([['two', event]]);
});

test('an event has the time at which it was queued', () => {
  const clock = fakeClock();
  const events = createEvents(clock);
  const times: number[] = [];
  onEvent(events, 'refused', ({ at }) => times.push(at));
  queueEvent(events, 'refused', { sessionId });
  const queuedAt = clock.now();
  clock.jump(5);
  expect(times).toEqual([]);
  flushEvents(events);
  expect(times).toEqual([queuedAt]);
});

test('an event without a listener costs nothing', () => {
  const clock = fakeClock();
  const events = createEvents(clock);
  queueEvent(events, 'refused', { sessionId });
  emitRefusal(events, 'retried', sessionId);
  const stop = onEvent(events, 'refused', () => expect.unreachable());
  stop();
  queueEvent(events, 'refused', { sessionId });
  expect([events.queue, clock.nowCalls]).toEqual([[], 0]);
});

test('an event that a listener causes comes after its own, also for the others; a listener that is stopped meanwhile is not called', () => {
  const events = createEvents(fakeClock());
  const log: string[] = [];
  let stop = () => {};
  onEvent(events, 'refused', () => {
    log.push('refused to one');
    emitEvent(events, 'retried', { sessionId });
    stop();
  });
  stop = onEvent(events, 'refused', () => expect.unreachable());
  onEvent(events, 'refused', () => log.push('refused to two'));
  onEvent(events, 'retried', () => log.push('retried'));
  emitEvent(events, 'refused', { sessionId });
  expect(log).toEqual(['refused to one', 'refused to two', 'retried']);
  emitEvent(events, 'retried', { sessionId });
  expect(log).toHaveLength(4);
});

test('B101 a listener that throws is reported, and the others are called', () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  const events = createEvents(fakeClock());
  const called = vi.fn();
  onEvent(events, 'refused', () => {
    throw new Error('A bug.');
  });
  onEvent(events, 'refused', called);
  emitEvent(events, 'refused', { sessionId });
  vi.unstubAllGlobals();
  expect([reported.mock.calls.length, called.mock.calls.length]).toEqual([1, 1]);
});

test('B101 a listener that throws where errors cannot be reported keeps nobody from being called', () => {
  vi.stubGlobal('reportError', undefined);
  const events = createEvents(fakeClock());
  onEvent(events, 'refused', () => {
    throw new Error('A bug.');
  });
  expect(() => emitEvent(events, 'refused', { sessionId })).not.toThrow();
  vi.unstubAllGlobals();
});
