import { afterEach, expect, test, vi } from 'vitest';
import { callEach } from './callEach.ts';

afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

const failure = new Error('A listener has failed.');
const throwing = () => {
  throw failure;
};

/** What is called after a listener that throws. */
function called(): string[] {
  const log: string[] = [];
  callEach([throwing, () => log.push('next')], call => call());
  return log;
}

test('a listener that throws keeps no other from being called, and its error is reported as uncaught', () => {
  const reported = vi.fn();
  vi.stubGlobal('reportError', reported);
  expect(called()).toEqual(['next']);
  expect(reported.mock.calls).toEqual([[failure]]);
});

test('where there is no reportError, as in Node, it is on the console', () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue();
  expect(called()).toEqual(['next']);
  expect(printed.mock.calls).toEqual([[failure]]);
});
