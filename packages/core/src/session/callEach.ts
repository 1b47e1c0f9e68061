/**
 * Calls `call` for each; one that throws does not keep the others from being called. Its error is reported as uncaught, or on the
 * console where there is no `reportError`, as in Node.
 */
export function callEach<T>(list: Iterable<T>, call: (one: T) => unknown): void {
  for (const one of list) {
    try {
      call(one);
    } catch (error) {
      // biome-ignore lint/suspicious/noConsole: the application has to see it
      const { reportError = console.error } = globalThis as { readonly reportError?: (error: unknown) => void };
      reportError(error);
    }
  }
}
