import { afterEach, expect, test, vi } from 'vitest';
import { createAbort } from './createAbort.ts';

afterEach(() => vi.unstubAllGlobals());

/** As under jsdom: not the AbortSignal that fetch knows. */
function stubAbortController(): void {
  class ForeignController {
    readonly signal = new EventTarget();
    abort(): void {
      this.signal.dispatchEvent(new Event('abort'));
    }
  }
  vi.stubGlobal('AbortController', ForeignController);
}

test.each(['the platform', 'jsdom'])('fetch takes a signal under the AbortController of %s, and it aborts', owner => {
  if (owner === 'jsdom') stubAbortController();
  const made = createAbort();
  const { signal } = made;
  expect(() => new Request('https://api.example', { signal })).not.toThrow();
  const aborted = vi.fn();
  signal.addEventListener('abort', aborted);
  expect(signal.aborted).toBe(false);
  made.abort();
  expect([signal.aborted, aborted.mock.calls.length]).toEqual([true, 1]);
});

test('without streams the signal of the global AbortController is used', () => {
  stubAbortController();
  vi.stubGlobal('WritableStream', undefined);
  expect(createAbort()).toBeInstanceOf(AbortController);
});
