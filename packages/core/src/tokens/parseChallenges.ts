/** One challenge of a `WWW-Authenticate` header; scheme and parameter names are in lower case. */
export interface Challenge {
  readonly scheme: string;
  readonly token68?: string;
  readonly params: Readonly<Record<string, string>>;
}

/** A parameter; a scheme with a token68; a scheme; or the characters between them. */
const part =
  /([\w!#$%&'*+.^`|~-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([\w!#$%&'*+.^`|~-]+))(?=\s*(?:,|$))|([\w!#$%&'*+.^`|~-]+)(?:\s+([\w.~+/-]+=*)(?=\s*(?:,|$)))?|[\s,]+|./gy;

/**
 * Reads a `WWW-Authenticate` header: several challenges, also in one field, in any case, with quoted commas. It skips what it
 * cannot read.
 *
 * @see RFC 9110 section 11.6.1
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: {
    scheme: string;
    token68?: string;
    params: Record<string, string>;
  }[] = [];
  for (const [, name, quoted, plain, scheme, token68] of header.matchAll(part)) {
    if (scheme !== undefined) {
      challenges.push({
        scheme: scheme.toLowerCase(),
        ...(token68 !== undefined && { token68 }),
        params: {},
      });
    } else if (name !== undefined) {
      const params = challenges.at(-1)?.params;
      if (params) params[name.toLowerCase()] = quoted?.replaceAll(/\\(.)/g, '$1') ?? plain ?? '';
    }
  }
  return challenges;
}
