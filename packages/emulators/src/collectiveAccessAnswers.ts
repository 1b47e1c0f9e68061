import { json, type Refusal, result } from './refusals.ts';

const message = 'Internal server error';
const headers = { 'cache-control': 'no-cache, must-revalidate' };

/** An error for each root field. The message is masked; only an expired token is marked by `expiredToken`. */
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

/** Adds `ok` to the body. Masks errors, except those with a code and those of a response whose status is not 200. */
export async function addOkAndMask(response: Response): Promise<Response> {
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
