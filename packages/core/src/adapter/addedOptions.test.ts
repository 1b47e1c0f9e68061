import { afterEach, expect, test, vi } from 'vitest';
import { addedOptions } from './addedOptions.ts';

afterEach(() => vi.unstubAllGlobals());

const bearer = { authorization: 'Bearer A' };
const withKey = { ...bearer, 'x-api-key': 'k' };

/** As Cloudflare Workers: on older compatibility dates without `cache`. */
function refuse(...names: readonly string[]): void {
  vi.stubGlobal(
    'Request',
    class extends Request {
      constructor(input: RequestInfo | URL, init: RequestInit = {}) {
        if (names.some(name => ['error', 'no-store'].includes(init[name as keyof RequestInit] as string)))
          throw new TypeError('Invalid option.');
        super(input, init);
      }
    },
  );
}

test('B105 headers other than authorization are not carried along a redirect, unless the caller chose', () => {
  expect(addedOptions(undefined, bearer, false)).toBeUndefined();
  expect(addedOptions(undefined, withKey, false)).toEqual({ redirect: 'error' });
  expect(addedOptions({ redirect: 'follow' }, withKey, false)).toBeUndefined();
  expect(addedOptions(undefined, null, false)).toBeUndefined();
});

test('B106 a retry bypasses the HTTP cache', () => {
  expect(addedOptions({ cache: 'force-cache' }, bearer, true)).toEqual({ cache: 'no-store' });
});

test('B105 where the runtime refuses redirect: "error", a redirect is not followed either', () => {
  refuse('redirect');
  expect(addedOptions(undefined, withKey, true)).toEqual({ redirect: 'manual', cache: 'no-store' });
});

test('B106 where the runtime refuses the option cache, it is not set', () => {
  refuse('redirect', 'cache');
  expect(addedOptions(undefined, bearer, true)).toEqual({});
});

test('B12 the platform is asked once what it takes', () => {
  let asked = 0;
  vi.stubGlobal(
    'Request',
    class extends Request {
      constructor(input: RequestInfo | URL, init: RequestInit = {}) {
        super(input, init);
        asked++;
      }
    },
  );
  for (let times = 0; times < 10; times++)
    expect(addedOptions(undefined, withKey, true)).toEqual({ redirect: 'error', cache: 'no-store' });
  expect(asked).toBe(2);
});

test('B105 without a Request of the platform, fetch is taken to know its options', () => {
  vi.stubGlobal('Request', undefined);
  expect(addedOptions(undefined, withKey, true)).toEqual({ redirect: 'error', cache: 'no-store' });
});
