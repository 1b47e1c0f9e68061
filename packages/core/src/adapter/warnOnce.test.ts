import { afterEach, expect, test, vi } from 'vitest';
import { inDevelopment } from '../errors/tokenError.ts';
import { warnOnce } from './warnOnce.ts';

const warned = vi.spyOn(console, 'warn').mockImplementation(() => {});
const warn = (message: string) => inDevelopment(() => process.env.NODE_ENV !== 'production' && warnOnce(message));
afterEach(() => {
  warned.mockClear();
  vi.unstubAllEnvs();
  vi.unstubAllGlobals();
});

test('warns of each mistake once', () => {
  warn('The link is in the wrong place.');
  warn('The link is in the wrong place.');
  warn('The socket is in the wrong place.');
  expect(warned.mock.calls).toEqual([
    ['Latchkey: The link is in the wrong place.'],
    ['Latchkey: The socket is in the wrong place.'],
  ]);
});

test('has no message for an error', () => {
  expect(warn('The fetch is in the wrong place.')).toBeUndefined();
});

test('does not warn in production', () => {
  vi.stubEnv('NODE_ENV', 'production');
  warn('A mistake in production.');
  expect(warned).not.toHaveBeenCalled();
});

test('does not warn or throw in a page without a bundler', () => {
  vi.stubGlobal('process', undefined);
  warn('A mistake in a page.');
  vi.unstubAllGlobals();
  expect(warned).not.toHaveBeenCalled();
});
