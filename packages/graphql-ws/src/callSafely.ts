/** Calls a callback of the application from within the socket, which one that throws would close. Its error is reported as uncaught. */
export function callSafely(call: () => unknown): void {
  try {
    call();
  } catch (error) {
    (globalThis as { reportError?: (error: unknown) => void }).reportError?.(error);
  }
}
