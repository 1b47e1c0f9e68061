import type { TokenHeaders } from '../tokens/tokenSet.ts';

type Pairs = Iterable<readonly unknown[]>;
export type CallerHeaders = Readonly<Record<string, unknown>> | Headers | Pairs;

const isIterable = (headers: CallerHeaders): headers is Headers | Pairs => Symbol.iterator in headers;

export const pairsOf = (headers: CallerHeaders): Pairs => (isIterable(headers) ? headers : Object.entries(headers));

/** Whether the caller has set this header itself, in whatever case. Without a value it has not. `name` is in lower case. */
export function hasHeader(headers: CallerHeaders | null | undefined, name: string): boolean {
  if (!headers) return false;
  for (const [key, value] of pairsOf(headers)) if (value && String(key).toLowerCase() === name) return true;
  return false;
}

/**
 * The caller's headers with ours over them: a name of ours does not appear twice in another case. What has no value is left
 * out, as is an empty `authorization`: `token ? … : ''` means none.
 */
export function mergeHeaders(headers: CallerHeaders | null | undefined, ours: TokenHeaders): Record<string, string> {
  if (!headers) return { ...ours };
  const merged: Record<string, string> = {};
  for (const [key, value] of pairsOf(headers) as Iterable<[string, string | null | undefined]>) {
    const name = key.toLowerCase();
    if (value == null || Object.hasOwn(ours, name) || (!value && name === 'authorization')) continue;
    merged[key] = Object.hasOwn(merged, key) ? `${merged[key]}, ${value}` : value; // as fetch joins them
  }
  return Object.assign(merged, ours);
}

/**
 * Whether a redirect to another origin would carry a header of ours there: clients take off `Authorization`, and only that.
 * Then the request says `redirect: 'error'`, unless the caller chose.
 */
export function wouldLeak(ours: TokenHeaders): boolean {
  for (const name in ours) if (name !== 'authorization') return true;
  return false;
}
