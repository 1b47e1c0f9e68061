import type { TokenManager } from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import type { QueryFunction } from '@tanstack/query-core';

/** A TanStack Query function that stays signed in: `useQuery({ queryKey: ['{ me { name } }'], queryFn })`. */
export function createQueryFunction(auth: TokenManager, url: string): QueryFunction<unknown, readonly [string]> {
  const send = authFetch(auth);
  const headers = { 'content-type': 'application/json' };
  return async ({ queryKey: [query], signal }) => {
    const response = await send(url, { method: 'POST', headers, body: JSON.stringify({ query }), signal });
    return response.json();
  };
}
