import { randomBytes, randomUUID } from 'node:crypto';
import { compactVerify, SignJWT } from 'jose';

/** A made-up person or application that may sign in. */
export interface User {
  readonly id: string;
  readonly username: string;
  readonly password: string;
  /** What `me { name }` and `Item.owner` say. */
  readonly name: string;
}

/** What the payload of a token holds, beside what the API adds. `exp` is in seconds and may have a fraction. */
export interface Claims {
  readonly [name: string]: unknown;
  readonly jti: string;
  readonly exp: number;
}

export type TokenKind = 'access' | 'refresh';

/** What a server finds when it looks at a token that it was sent. */
export type TokenReading =
  | { readonly state: 'missing' }
  | { readonly state: 'forged'; readonly token: string }
  | ({
      readonly state: 'valid' | 'expired' | 'revoked';
      readonly token: string;
      readonly claims: Claims;
    } & Issued);

/** A token that the book knows, whatever became of it. */
export interface Issued {
  readonly kind: TokenKind;
  readonly user: User;
  readonly sessionId: string;
}

export interface TokenBook {
  /** Signs a token that stops working `lifetimeMs` from now. `iat` is added unless the claims have one. */
  readonly issue: (issued: Issued, lifetimeMs: number, claims: object) => Promise<string>;
  /** Signs the claims of an earlier token once more: the same string, from now on handed out as an access token. */
  readonly copy: (claims: Claims) => Promise<string>;
  readonly read: (token: string | undefined) => Promise<TokenReading>;
  /** From now on every access token issued so far is expired. */
  readonly expireAccessTokens: () => void;
  /** From now on every token that the condition holds for is revoked. */
  readonly revoke: (condition: (issued: Issued) => boolean) => void;
  /** Calls back once when the token stops working, however it does. Returns the function that stops waiting. */
  readonly onDeath: (claims: Claims, died: () => void) => () => void;
  /** The server's clock: milliseconds since the epoch. */
  readonly now: () => number;
}

interface Entry extends Issued {
  kind: TokenKind;
  dead?: 'expired' | 'revoked';
}

const remembered = 10_000;
const longestTimerMs = 2 ** 31 - 1;

/**
 * Signs tokens, and knows later what became of each.
 *
 * @param clock - `clockSkewMs` puts the server's clock ahead (or, negative, behind); read at each use
 */
export function createTokenBook(clock: { readonly clockSkewMs: number }): TokenBook {
  const key = randomBytes(32);
  const entries = new Map<string, Entry>();
  const watchers = new Set<() => void>();
  const now = () => Date.now() + clock.clockSkewMs;
  const sign = (claims: object) =>
    new SignJWT({ ...claims }).setProtectedHeader({ alg: 'HS256', typ: 'JWT' }).sign(key);

  const markDead = (dead: 'expired' | 'revoked', condition: (issued: Issued) => boolean) => {
    for (const entry of entries.values()) if (entry.dead !== 'revoked' && condition(entry)) entry.dead = dead;
    for (const look of watchers) look();
  };

  const stateOf = (entry: Entry, claims: Claims) => entry.dead ?? (claims.exp * 1000 <= now() ? 'expired' : 'valid');

  return {
    now,
    expireAccessTokens: () => markDead('expired', ({ kind }) => kind === 'access'),
    revoke: condition => markDead('revoked', condition),

    issue(issued, lifetimeMs, claims) {
      const jti = randomUUID();
      entries.set(jti, { ...issued });
      for (const [oldest] of entries) {
        if (entries.size <= remembered) break;
        entries.delete(oldest);
      }
      const { iat, exp } = dates(now(), lifetimeMs);
      return sign({ iat, ...claims, exp, jti });
    },

    copy(claims) {
      const entry = entries.get(claims.jti);
      if (entry) entry.kind = 'access';
      return sign(claims);
    },

    async read(token) {
      if (!token) return { state: 'missing' };
      const claims = await verified(token, key);
      const entry = claims && entries.get(claims.jti);
      if (!claims || !entry) return { state: 'forged', token };
      const { kind, user, sessionId } = entry;
      return {
        state: stateOf(entry, claims),
        token,
        claims,
        kind,
        user,
        sessionId,
      };
    },

    onDeath(claims, died) {
      const stop = () => {
        clearTimeout(timer);
        watchers.delete(look);
      };
      const look = () => {
        const entry = entries.get(claims.jti);
        if (entry && stateOf(entry, claims) === 'valid') return;
        stop();
        died();
      };
      const timer = setTimeout(look, Math.min(claims.exp * 1000 - now() + 1, longestTimerMs));
      watchers.add(look);
      look();
      return stop;
    },
  };
}

/** Whole seconds, as the real servers have; tokens of less than a minute get the fraction that RFC 7519 allows. */
function dates(nowMs: number, lifetimeMs: number): { iat: number; exp: number } {
  const iat = lifetimeMs < 60_000 ? nowMs / 1000 : Math.floor(nowMs / 1000);
  return { iat, exp: iat + lifetimeMs / 1000 };
}

async function verified(token: string, key: Uint8Array): Promise<Claims | undefined> {
  try {
    const { payload } = await compactVerify(token, key);
    // Only this book has the key, so what it signed is what it wrote.
    return JSON.parse(new TextDecoder().decode(payload)) as Claims;
  } catch {
    return undefined;
  }
}
