export interface Cors {
  /** `echo` allows the origin of the request, with credentials. */
  readonly origin: '*' | 'echo';
  /** Response headers that a page may read. */
  readonly expose: () => readonly string[];
}

const allowedHeaders = 'authorization, content-type, x-api-key, apollo-require-preflight, x-requested-with';

/** The response to a preflight; `undefined` for every other request. */
export function answerPreflight(request: Request, cors: Cors): Response | undefined {
  if (request.method !== 'OPTIONS') return undefined;
  const headers = {
    'access-control-allow-methods': 'GET, POST, OPTIONS',
    'access-control-allow-headers': allowedHeaders,
    'access-control-max-age': '600',
  };
  return allowOrigin(request, cors, new Response(null, { status: 200, headers }));
}

/** The same response with CORS headers. */
export function allowOrigin(request: Request, { origin, expose }: Cors, response: Response): Response {
  const headers = new Headers(response.headers);
  const requestOrigin = request.headers.get('origin');
  if (origin === '*') headers.set('access-control-allow-origin', '*');
  else if (requestOrigin) {
    headers.set('access-control-allow-origin', requestOrigin);
    headers.set('access-control-allow-credentials', 'true');
    headers.append('vary', 'origin');
  }
  if (expose().length > 0) headers.set('access-control-expose-headers', expose().join(', '));
  return new Response(response.body, { status: response.status, headers });
}
