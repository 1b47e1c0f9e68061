/** Posts to the app's own server, with the header that it requires against cross-site request forgery. */
export function post(url: string, { body, signal }: { body?: object; signal?: AbortSignal } = {}): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-requested-with': 'latchkey-example' },
    ...(body && { body: JSON.stringify(body) }),
    ...(signal && { signal }),
  });
}
