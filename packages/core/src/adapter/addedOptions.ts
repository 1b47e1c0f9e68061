import { fetchTakes } from '../time/createAbort.ts';
import type { TokenHeaders } from '../tokens/requestHeaders.ts';
import { wouldLeak } from './mergeHeaders.ts';

type Options = Pick<RequestInit, 'redirect' | 'cache'>;
const refusedRedirect: Options = { redirect: 'error' };
const noStore: Options = { cache: 'no-store' };

/** What the platform's fetch takes, asked once: thousands may be sent again. */
let platform: unknown;
let taken: { redirect?: boolean; cache?: boolean } = {};

function takes(name: 'redirect' | 'cache', option: Options): boolean {
  if (platform !== globalThis.Request) taken = {};
  platform = globalThis.Request;
  taken[name] ??= fetchTakes(option);
  return taken[name];
}

/**
 * The options of fetch that an attempt adds to the caller's; `undefined`: none. A redirect to another origin would carry headers
 * other than `authorization` there. A retry bypasses the HTTP cache, which may have kept the refusal of a GET. Cloudflare Workers
 * refuse some of these options.
 */
export function addedOptions(
  own: RequestInit | undefined,
  ours: TokenHeaders | null | undefined,
  isRetry: boolean,
): Options | undefined {
  const isUnsafe = ours != null && !own?.redirect && wouldLeak(ours);
  if (!isUnsafe && !isRetry) return undefined;
  const options: Options = {};
  if (isUnsafe) options.redirect = takes('redirect', refusedRedirect) ? 'error' : 'manual';
  if (isRetry && takes('cache', noStore)) options.cache = 'no-store';
  return options;
}
