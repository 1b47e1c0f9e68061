/** Whether the platform's fetch takes these options; it throws a TypeError at those that it refuses. */
export function fetchTakes(options: RequestInit): boolean {
  try {
    return typeof Request !== 'function' || Boolean(new Request('https://api.example', options));
  } catch {
    return false;
  }
}

/**
 * A signal that fetch takes, and what aborts it. Under jsdom the global AbortController is not the platform's, and fetch refuses
 * its signals: then the signal is that of a stream.
 */
export function createAbort(): Pick<AbortController, 'signal' | 'abort'> {
  const controller = new AbortController();
  let { signal } = controller;
  if (fetchTakes({ signal }) || typeof WritableStream !== 'function') return controller;
  const stream = new WritableStream({
    start(sink) {
      ({ signal } = sink);
    },
  });
  return { signal, abort: reason => void stream.abort(reason) };
}
