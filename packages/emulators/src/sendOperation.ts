/** A response whose body has been read. */
export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** `undefined` when the body is not JSON. */
  readonly json: unknown;
}

/** Sends a GraphQL operation as a JSON POST. */
export async function sendOperation(
  url: string,
  query: string,
  token?: string,
  { variables, headers }: { variables?: object; headers?: Readonly<Record<string, string>> } = {},
): Promise<Reply> {
  return readReply(
    await fetch(url, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        ...(token ? { authorization: `Bearer ${token}` } : {}),
        ...headers,
      },
      body: JSON.stringify({ query, variables }),
    }),
  );
}

/** Posts a form, as token endpoints expect it. */
export async function postForm(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  return readReply(await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) }));
}

export async function readReply(response: Response): Promise<Reply> {
  const body = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  const json: unknown = isJson ? JSON.parse(body) : undefined;
  return { status: response.status, headers: Object.fromEntries(response.headers), body, json };
}

/** The results in an event stream, in order. */
export function eventsIn({ body }: Reply): unknown[] {
  return Array.from(body.matchAll(/^data: (.+)$/gm), ([, data]): unknown => JSON.parse(data ?? ''));
}
