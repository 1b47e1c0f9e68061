/** Apollo's GraphQLWsLink makes a message of the event. */
const closedWith = /^Socket closed with event (\d{4})\b/;

/** The code of a socket that was closed, as clients report it: the event itself, or a message. */
export function closeCodeOf(error: unknown): number | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const { code, message } = error as { readonly code?: unknown; readonly message?: unknown };
  if (typeof code === 'number' && code >= 1000 && code < 5000) return code; // not of a DOMException
  const [, digits] = (typeof message === 'string' && closedWith.exec(message)) || [];
  return digits === undefined ? undefined : Number(digits);
}

/** Whether fetch has failed without a response: it throws a TypeError then. */
export const isNetworkError = (error: unknown): boolean => (error as Partial<Error> | null)?.name === 'TypeError';
