/**
 * The body of an answer as an object; `undefined` when it is none, whatever the content type says. Failures to read are not
 * passed on: the parser's message quotes the text, which may begin with a token.
 */
export async function readJson(response: Response): Promise<Readonly<Record<string, unknown>> | undefined> {
  try {
    const body: unknown = await response.json();
    if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Record<string, unknown>;
  } catch {}
  return undefined;
}
