import { type CallerHeaders, pairsOf, type TokenHeaders } from '../tokens/requestHeaders.ts';

/** Whether the caller has set this header to a value, in any case. `name` is in lower case. */
export function hasHeader(headers: CallerHeaders | null | undefined, name: string): boolean {
  if (!headers) return false;
  for (const [key, value] of pairsOf(headers)) if (value && String(key).toLowerCase() === name) return true;
  return false;
}

/**
 * The caller's headers with the token's over them: no name of the token's headers appears twice in another case. Headers
 * without a value are omitted, as is an empty `authorization`, which `token ? … : ''` makes.
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
 * Whether a redirect to another origin would carry a header of the token there: clients remove only `Authorization`. Then the
 * request is sent with `redirect: 'error'`, unless the caller chose.
 */
export function wouldLeak(ours: TokenHeaders): boolean {
  for (const name in ours) if (name !== 'authorization') return true;
  return false;
}
