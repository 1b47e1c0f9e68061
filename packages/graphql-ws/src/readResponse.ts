/** What a server of the old protocol refuses a socket with, before it acknowledges it; graphql-ws does not know it. */
export function readRefusal(data: unknown): unknown {
  try {
    const { type, payload = {} } = JSON.parse(data as string) as { readonly type: unknown; readonly payload?: unknown };
    return type === 'connection_error' ? payload : undefined;
  } catch {
    return undefined; // graphql-ws reports it
  }
}
