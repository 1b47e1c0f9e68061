import { afterEach, expect, test, vi } from 'vitest';
import { warnOnce } from './warnOnce.ts';

const warn = vi.spyOn(console, 'warn').mockImplementation(() => {});
afterEach(() => {
  warn.mockClear();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test('warns of each mistake once', () => {
  warnOnce('The link is in the wrong place.');
  warnOnce('The link is in the wrong place.');
  warnOnce('The socket is in the wrong place.');
  expect(warn.mock.calls).toEqual([
    ['Latchkey: The link is in the wrong place.'],
    ['Latchkey: The socket is in the wrong place.'],
  ]);
});

test('does not warn in production', () => {
  vi.stubEnv('NODE_ENV', 'production');
  warnOnce('A mistake in production.');
  expect(warn).not.toHaveBeenCalled();
});

test('does not warn or throw in a page without a bundler', () => {
  vi.stubGlobal('process', undefined);
  warnOnce('A mistake in a page.');
  vi.unstubAllGlobals();
  expect(warn).not.toHaveBeenCalled();
});
