import { randomBytes, randomUUID } from 'node:crypto';
import { compactVerify, SignJWT } from 'jose';

/** A made-up person or application that may sign in. */
export interface User {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  /** The value of `me { name }` and of `Item.owner`. */
  readonly name: string;
}

/** The payload of a token; each API adds its own claims. `exp` is in seconds and may have a fraction. */
export interface Claims {
  readonly [name: string]: unknown;
  readonly jti: string;
  readonly exp: number;
}

export type TokenKind = 'access' | 'refresh';

/** The state of a token that a request carries. */
export type TokenReading =
  | { readonly state: 'missing' }
  | { readonly state: 'forged'; readonly token: string }
  | ({
      readonly state: 'valid' | 'expired' | 'revoked';
      readonly token: string;
      readonly claims: Claims;
    } & Issued);

/** A token that was issued here, in any state. */
export interface Issued {
  readonly kind: TokenKind;
  readonly user: User;
  readonly sessionId: string;
}

export interface TokenIssuer {
  /** Signs a token that expires `lifetimeMs` from now. `iat` is added unless the claims have one. */
  readonly issue: (issued: Issued, lifetimeMs: number, claims: object) => Promise<string>;
  /** Signs the claims of an earlier token again: the same string, accepted as an access token from now on. */
  readonly reissueAsAccess: (claims: Claims) => Promise<string>;
  readonly read: (token: string | undefined) => Promise<TokenReading>;
  /** Makes every access token issued so far expire. */
  readonly expireAccessTokens: () => void;
  /** Revokes every token that meets the condition. */
  readonly revoke: (condition: (issued: Issued) => boolean) => void;
  /** Calls the listener once, when the token expires or is revoked. Returns the function that removes the listener. */
  readonly onInvalid: (claims: Claims, listener: () => void) => () => void;
  /** The server's clock: milliseconds since the Unix epoch. */
  readonly now: () => number;
}

interface Entry extends Issued {
  kind: TokenKind;
  invalid?: 'expired' | 'revoked';
}

interface Registry {
  /** By `jti`, oldest first. */
  readonly entries: Map<string, Entry>;
  /** Each checks one token again. */
  readonly watchers: Set<() => void>;
  readonly now: () => number;
}

const keptEntries = 10_000;
const longestTimerMs = 2 ** 31 - 1;

/**
 * Signs tokens and keeps the state of each.
 *
 * @param clock - `clockSkewMs` puts the server's clock ahead (or, negative, behind); read at each use
 */
export function createTokenIssuer(clock: { readonly clockSkewMs: number }): TokenIssuer {
  const key = randomBytes(32);
  const now = () => Date.now() + clock.clockSkewMs;
  const registry: Registry = { entries: new Map(), watchers: new Set(), now };

  return {
    now,
    expireAccessTokens: () => invalidate(registry, 'expired', ({ kind }) => kind === 'access'),
    revoke: condition => invalidate(registry, 'revoked', condition),
    onInvalid: (claims, listener) => watch(registry, claims, listener),

    issue(issued, lifetimeMs, claims) {
      const jti = randomUUID();
      addEntry(registry, jti, issued);
      const { iat, exp } = dates(now(), lifetimeMs);
      return sign({ iat, ...claims, exp, jti }, key);
    },

    reissueAsAccess(claims) {
      const entry = registry.entries.get(claims.jti);
      if (entry) entry.kind = 'access';
      return sign(claims, key);
    },

    async read(token) {
      if (!token) return { state: 'missing' };
      const claims = await verify(token, key);
      const entry = claims && registry.entries.get(claims.jti);
      if (!claims || !entry) return { state: 'forged', token };
      const { kind, user, sessionId } = entry;
      return { state: stateOf(entry, claims, now()), token, claims, kind, user, sessionId };
    },
  };
}

function addEntry({ entries }: Registry, jti: string, issued: Issued): void {
  entries.set(jti, { ...issued });
  for (const [oldest] of entries) {
    if (entries.size <= keptEntries) break;
    entries.delete(oldest);
  }
}

function invalidate(
  { entries, watchers }: Registry,
  as: 'expired' | 'revoked',
  condition: (issued: Issued) => boolean,
): void {
  for (const entry of entries.values()) if (entry.invalid !== 'revoked' && condition(entry)) entry.invalid = as;
  for (const check of watchers) check();
}

function watch({ entries, watchers, now }: Registry, claims: Claims, listener: () => void): () => void {
  const stop = () => {
    clearTimeout(timer);
    watchers.delete(check);
  };
  const check = () => {
    const entry = entries.get(claims.jti);
    if (entry && stateOf(entry, claims, now()) === 'valid') return;
    stop();
    listener();
  };
  const timer = setTimeout(check, Math.min(claims.exp * 1000 - now() + 1, longestTimerMs));
  watchers.add(check);
  check();
  return stop;
}

const stateOf = (entry: Entry, claims: Claims, nowMs: number) =>
  entry.invalid ?? (claims.exp * 1000 <= nowMs ? 'expired' : 'valid');

/** Whole seconds, as the real servers use; tokens of less than a minute get the fraction that RFC 7519 allows. */
function dates(nowMs: number, lifetimeMs: number): { iat: number; exp: number } {
  const iat = lifetimeMs < 60_000 ? nowMs / 1000 : Math.floor(nowMs / 1000);
  return { iat, exp: iat + lifetimeMs / 1000 };
}

const sign = (claims: object, key: Uint8Array) =>
  new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);

async function verify(token: string, key: Uint8Array): Promise<Claims | undefined> {
  try {
    const { payload } = await compactVerify(token, key);
    // Only this issuer has the key, so a verified payload has the shape that it signed.
    return JSON.parse(new TextDecoder().decode(payload)) as Claims;
  } catch {
    return undefined;
  }
}
