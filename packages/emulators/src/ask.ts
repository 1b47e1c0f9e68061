/** What a response says, ready to be compared. */
export interface Said {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  /** `undefined` when the body is not JSON. */
  readonly json: unknown;
}

/** Sends a GraphQL operation, as the tests of this package do. */
export async function ask(
  url: string,
  query: string,
  token?: string,
  { variables, headers }: { variables?: object; headers?: Readonly<Record<string, string>> } = {},
): Promise<Said> {
  return say(
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

/** Posts a form, as token endpoints want it. */
export async function post(
  url: string,
  form: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<Said> {
  return say(await fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) }));
}

export async function say(response: Response): Promise<Said> {
  const text = await response.text();
  const isJson = response.headers.get('content-type')?.includes('json');
  const json: unknown = isJson ? JSON.parse(text) : undefined;
  return { status: response.status, headers: Object.fromEntries(response.headers), text, json };
}

/** The results in the body of an event stream, in their order. */
export function events({ text }: Said): unknown[] {
  return Array.from(text.matchAll(/^data: (.+)$/gm), ([, data]): unknown => JSON.parse(data ?? ''));
}
