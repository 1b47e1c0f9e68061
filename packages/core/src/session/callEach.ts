/** Calls `call` for each; one that throws does not keep the others from being called. Its error is reported as uncaught. */
export function callEach<T>(list: Iterable<T>, call: (one: T) => unknown): void {
  for (const one of list) {
    try {
      call(one);
    } catch (error) {
      (globalThis as { reportError?: (error: unknown) => void }).reportError?.(error);
    }
  }
}
