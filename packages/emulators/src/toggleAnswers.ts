import { json, type Refusal, result } from './refusals.ts';

/** Toggle's only refusal: an error for each root field, without a path and without a code. */
export function refuseUnauthorized(refusal: Refusal, status: number, withData: boolean): Response {
  return result(
    refusal,
    ({ fields }) => ({
      errors: fields.map(({ line, column }) => ({
        message: 'Unauthorized',
        locations: [{ line, column }],
        customer_facing: false,
      })),
      ...(withData ? { data: Object.fromEntries(fields.map(({ key }) => [key, null])) } : {}),
    }),
    status,
  );
}

interface Answer {
  readonly errors?: readonly {
    readonly message: string;
    readonly locations?: object;
    readonly extensions?: { readonly validation?: object };
  }[];
}

const extensions = {
  cost: { actualQueryCost: 16, throttleStatus: { maximumAvailable: 8000, currentlyAvailable: 7984 } },
};

/** Adds the cost of the query, and moves validation errors from `extensions` into the error itself. */
export async function addCost(response: Response): Promise<Response> {
  if (!response.headers.get('content-type')?.includes('json')) return response;
  const answer: Answer | Answer[] = await response.json();
  const body = Array.isArray(answer) ? answer.map(withCost) : withCost(answer);
  return json(response.status, body, Object.fromEntries(response.headers));
}

function withCost({ errors, ...rest }: Answer): object {
  if (!errors) return { ...rest, extensions };
  const toggleErrors = errors.map(({ extensions: { validation, ...others } = {}, ...error }) => ({
    ...error,
    ...(validation ? { validation } : {}),
    ...(Object.keys(others).length > 0 ? { extensions: others } : {}),
    customer_facing: false,
  }));
  return { ...rest, errors: toggleErrors, extensions };
}
