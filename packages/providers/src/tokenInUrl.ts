import { knowsCache } from './createSend.ts';
import { parseUrl } from './parseUrl.ts';

interface Page {
  readonly document?: { readonly baseURI?: string };
}

/** Not by `instanceof`: it may be of another realm, or of a package. */
const isRequest = (input: RequestInfo | URL): input is Request =>
  typeof input === 'object' && input !== null && 'url' in input;

/** A `Request` cannot be given another URL: its parts make another one. */
async function partsOf(request: Request): Promise<RequestInit> {
  const { method, headers, signal, credentials, mode, keepalive, integrity } = request;
  const hasBody = method !== 'GET' && method !== 'HEAD';
  const body = hasBody ? await request.clone().arrayBuffer() : null;
  return { method, headers, signal, credentials, mode, keepalive, integrity, body };
}

/** A log of the response must not show the token. */
function hideUrl(response: Response, url: string): Response {
  if (response.url) Object.defineProperty(response, 'url', { value: url });
  return response;
}

/**
 * A fetch that moves the access token of requests to one origin from `Authorization: Bearer` into a parameter of the URL. Unsafe:
 * servers and proxies log URLs. It adds no referrer, bypasses caches and follows no redirect, which might carry the token on.
 *
 * @see RFC 6750 section 5.3, RFC 9700 section 4.3.2: clients MUST NOT do so
 */
export function tokenInUrl(origin: string, parameter: string, send?: typeof fetch): typeof fetch {
  return async (input, init) => {
    const fetcher = send ?? globalThis.fetch;
    const address = isRequest(input) ? input.url : String(input as string | URL);
    const url = parseUrl(address, (globalThis as Page).document?.baseURI);
    const headers = new Headers(init?.headers ?? (isRequest(input) ? input.headers : undefined));
    const token = /^Bearer (\S+)$/i.exec(headers.get('authorization') ?? '')?.[1];
    if (url?.origin !== origin || !token) return fetcher(input, init);
    headers.delete('authorization');
    url.searchParams.set(parameter, token);
    const parts = isRequest(input) ? await partsOf(input) : {};
    const isolated: RequestInit = { referrerPolicy: 'no-referrer', redirect: 'manual' };
    if (knowsCache()) isolated.cache = 'no-store';
    return hideUrl(await fetcher(url.href, { ...parts, ...init, headers, ...isolated }), address);
  };
}
