/**
 * The body as an object, whatever its content type; `undefined` when it is not one. The parser's error is dropped: its
 * message quotes the body, which may begin with a token.
 */
export async function readJson(response: Response): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {}
  return undefined;
}
