/** JWTs, all that follows the name of a header of credentials, the value after a scheme or a name that announces a secret, and the user in a URL. */
const secretLooking =
  /eyJ[\w-]*(\.[\w-]*)*|\b(?:authorization|cookie)["']?\s*[=:][^\n]*|\b(?:\w*(?:token|secret|password|code|key)["']?\s*[=:]\s*["']?|(?:bearer|basic|dpop)\s+)[^\s"',;&]+|\/\/[^/\s]*@/gi;

const longest = 300;
const deepest = 5;

/** As it is, in a URL, in a form, in JSON. */
const formsOf = (secret: string): string[] => [
  secret,
  encodeURIComponent(secret.replaceAll(/\p{Surrogate}/gu, '\ufffd')), // half a character throws
  `${new URLSearchParams([[secret, '']])}`.slice(0, -1),
  JSON.stringify(secret).slice(1, -1),
];

/** The text without `secrets` and without what looks like one, and not longer than a line of a log should be. */
export function redact(value: unknown, secrets: readonly string[] = []): string {
  let clean = typeof value === 'string' || typeof value === 'number' ? String(value) : '';
  const longestFirst = secrets.flatMap(formsOf).sort((one, other) => other.length - one.length); // one may begin with another
  for (const form of longestFirst) clean = clean.replaceAll(form, '[redacted]');
  return clean.replace(secretLooking, '[redacted]').slice(0, longest);
}

/**
 * A copy of a thrown value that is safe to keep as `cause`: name, message, code and status, and the same of its own cause.
 * Errors of HTTP clients carry the request, errors of OAuth libraries the token response.
 */
export function redactedCause(thrown: unknown, secrets: readonly string[], depth = 0): Error {
  const from = typeof thrown === 'object' && thrown !== null ? thrown : { message: thrown };
  const { name, message, code, status, cause } = from as Partial<
    Record<'name' | 'message' | 'code' | 'status' | 'cause', unknown>
  >;
  const copy = new Error(redact(message, secrets).replace(/".*"|".*/s, '[redacted]')); // JSON.parse, and fetch, quote what they read
  copy.name = redact(name, secrets) || 'Error';
  delete copy.stack; // of this place, not of the one that threw
  if (code !== undefined) Object.assign(copy, { code: typeof code === 'number' ? code : redact(code, secrets) });
  if (typeof status === 'number') Object.assign(copy, { status });
  if (cause !== undefined && depth < deepest) copy.cause = redactedCause(cause, secrets, depth + 1);
  return copy;
}

/** Every text and number in `value`: what must not be seen in an error about it. */
export function textsIn(value: unknown, depth = 0): string[] {
  if (typeof value === 'string' || typeof value === 'number') return `${value}`.length > 3 ? [`${value}`] : [];
  if (typeof value !== 'object' || value === null || depth > deepest) return [];
  const inside = Symbol.iterator in value ? [...(value as Iterable<unknown>)] : Object.values(value);
  return inside.flatMap(inner => textsIn(inner, depth + 1));
}
