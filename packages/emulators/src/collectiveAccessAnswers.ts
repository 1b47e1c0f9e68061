import { json, type Refusal, result } from './refusals.ts';

const message = 'Internal server error';
const headers = { 'cache-control': 'no-cache, must-revalidate' };

/** The resolver of each root field throws. The message is masked; only of an expired token more is said. */
export function refuseEachField(refusal: Refusal): Response {
  const { state } = refusal.reading;
  const expired = state === 'expired' || state === 'revoked';
  return result(
    refusal,
    ({ fields }) => ({
      ok: false,
      errors: fields.map(({ key, line, column }) => ({
        message,
        locations: [{ line, column }],
        path: [key],
        ...(expired ? { expiredToken: true } : {}),
      })),
      data: Object.fromEntries(fields.map(({ key }) => [key, null])),
    }),
    expired ? 401 : 500,
    headers,
  );
}

interface Answer {
  readonly data?: object;
  readonly errors?: readonly {
    readonly message: string;
    readonly locations?: object;
    readonly path?: object;
    readonly extensions?: {
      readonly code?: string;
      readonly expiredToken?: boolean;
    };
  }[];
}

/** Puts `ok` beside `data`. Masks errors, unless the answer says by a code or a status that something is forbidden. */
export async function envelop(response: Response): Promise<Response> {
  if (!response.headers.get('content-type')?.includes('json')) return response;
  const { errors, ...rest }: Answer = await response.json();
  if (!errors) return json(200, { ok: true, ...rest }, headers);
  if (response.status !== 200 || errors.some(({ extensions }) => extensions?.code)) {
    return json(response.status, { ok: false, errors, ...rest }, Object.fromEntries(response.headers));
  }
  const expired = errors.some(({ extensions }) => extensions?.expiredToken);
  const masked = errors.map(({ locations, path }) => ({
    message,
    locations,
    path,
    ...(expired ? { expiredToken: true } : {}),
  }));
  return json(expired ? 401 : 500, { ok: false, errors: masked, ...rest }, headers);
}
