/** JWTs; what follows the name of a credentials header; the value after a scheme or a name that announces a secret; the user in a URL. */
const looksSecret =
  /eyJ[\w-]*(\.[\w-]*)*|\b(?:authorization|cookie)["']?\s*[=:][^\n]*|\b(?:\w*(?:token|secret|password|code|key)["']?\s*[=:]\s*["']?|(?:bearer|basic|dpop)\s+)[^\s"',;&]+|\/\/[^/\s]*@/gi;

const maxLength = 300;
const maxDepth = 5;

/** The secret as it is, in a URL, in a form, and in JSON. */
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '\ufffd')), // a lone surrogate throws
  `${new URLSearchParams([[secret, '']])}`.slice(0, -1),
  JSON.stringify(secret).slice(1, -1),
];

/** The string without `secrets` and without anything that looks like a secret, cut to the length of a log line. */
export function redact(value: unknown, secrets: readonly string[] = []): string {
  let clean = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const longestFirst = secrets.flatMap(formsOf).sort((one, other) => other.length - one.length); // one may be a prefix of another
  for (const form of longestFirst) clean = clean.replaceAll(form, '[redacted]');
  return clean.replace(looksSecret, '[redacted]').slice(0, maxLength);
}

/**
 * A copy of a thrown value that is safe to keep as `cause`: name, message, code and status, and the same of its own cause.
 * Errors of HTTP clients hold the request, errors of OAuth libraries the token response.
 */
export function redactedCause(thrown: unknown, secrets: readonly string[], depth = 0): Error {
  const from = typeof thrown === 'object' && thrown !== null ? thrown : { message: thrown };
  const { name, message, code, status, cause } = from as Partial<
    Record<'name' | 'message' | 'code' | 'status' | 'cause', unknown>
  >;
  const copy = new Error(redact(message, secrets).replace(/".*"|".*/s, '[redacted]')); // JSON.parse and fetch quote their input
  copy.name = redact(name, secrets) || 'Error';
  delete copy.stack; // it would point here
  if (code !== undefined) Object.assign(copy, { code: typeof code === 'number' ? code : redact(code, secrets) });
  if (typeof status === 'number') Object.assign(copy, { status });
  if (cause !== undefined && depth < maxDepth) copy.cause = redactedCause(cause, secrets, depth + 1);
  return copy;
}

/** Every string and number in `value`, which an error about it must not show. */
export function secretsIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string' || typeof value === 'number') return `${value}`.length > 3 ? [`${value}`] : [];
  if (typeof value !== 'object' || value === null || depth > maxDepth) return [];
  const inside = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : Object.values(value);
  return inside.flatMap(inner => secretsIn(inner, depth + 1));
}
