/** What is not a user's business, or not the same twice. */
const hidden = new Set(['stack', 'operation', 'locations', 'source', 'positions', 'nodes', 'socket']);

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

function describeResponse(response: Response): object {
  const { status, statusText, ok, url, redirected, type, bodyUsed } = response;
  return { status, statusText, ok, url, redirected, type, bodyUsed, headers: [...response.headers] };
}

/** Plain data of all that can be seen of a value: of an error its hidden fields, too, and of any object its symbols. */
export function describe(value: unknown, depth = 0): unknown {
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return undefined;
  if (!isObject(value)) return value === undefined ? '(undefined)' : value;
  if (depth > 9) return '(deep)';
  if (value instanceof Response) return describeResponse(value);
  if (Array.isArray(value)) return value.map(one => describe(one, depth + 1));
  const isError = value instanceof Error;
  const described: Record<string, unknown> = isError ? { is: value.constructor.name, name: value.name } : {};
  for (const key of Reflect.ownKeys(value)) {
    const { enumerable } = Object.getOwnPropertyDescriptor(value, key) ?? {};
    if (hidden.has(String(key)) || !(enumerable || isError)) continue;
    described[String(key)] = describe(value[key as keyof object], depth + 1);
  }
  return described;
}
