import { authFetch } from '@latchkey/fetch';
import type { FuzzClient, Request } from './fuzzClient.ts';

/** The body of a request in each shape; a `rest` body is not GraphQL. */
function bodyOf({ script, document }: Request): string {
  if (script.shape === 'rest') return '{"items":[1,2,3]}';
  const one = { query: document };
  return JSON.stringify(script.shape === 'batch' ? [one, one] : one);
}

function send(request: Request, fetchOfClient: typeof fetch): Promise<Response> {
  const { script, url, document, fetchOptions, signal } = request;
  const init = { ...fetchOptions, signal, headers: { 'content-type': 'application/json', ...request.headers } };
  const choice = request.auth && script.auth ? { auth: script.auth } : {};
  if (script.shape === 'get')
    return fetchOfClient(`${url}?query=${encodeURIComponent(document)}`, { ...init, ...choice });
  const post = { ...init, method: 'POST', body: bodyOf(request) };
  if (script.surface === 'client') return fetchOfClient(url, { ...post, ...choice });
  const { signal: given, ...unsignalled } = post; // Node forgets the signal of a Request that nobody holds
  return fetchOfClient(new Request(url, unsignalled), { ...choice, signal: given });
}

/** A client on a fetch that stays signed in; `connect` makes it. */
export function makeFetchClient(name: string, connect: typeof authFetch): FuzzClient {
  return {
    name,
    version: process.versions.undici ?? '',
    start(request, { see, end }) {
      const { auth, options } = request;
      const fetchOfClient = auth ? connect(auth, options) : fetch;
      send(request, fetchOfClient as typeof fetch)
        .then(async response => {
          see(response);
          see(await response.text());
        })
        .catch((error: unknown) => see({ thrown: error }))
        .finally(end);
      return undefined;
    },
  };
}

export const fetchClient: FuzzClient = makeFetchClient('fetch', authFetch);
