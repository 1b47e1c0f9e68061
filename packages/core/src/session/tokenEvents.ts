import type { TokenError } from '../errors/tokenError.ts';

/** Why a renewal was asked for. */
export type RenewalReason = 'ahead' | 'expired' | 'refused' | 'restore' | 'asked' | 'credentials';

/** Why a session ended. */
export type SignOutReason = 'signOut' | 'expired' | 'elsewhere' | 'replaced';

/** What happened, with ids, reasons and times, never with tokens. Moments (`at`, `expiresAt`) are milliseconds since the epoch. */
export interface TokenEvents {
  /** A session began: by `signIn`, `adopt`, `restore`, `credentials`, or in another tab. */
  readonly signedIn: {
    readonly at: number;
    readonly session: string;
    readonly expiresAt?: number | undefined;
  };
  /** The session has a new token set. */
  readonly renewed: {
    readonly at: number;
    readonly session: string;
    readonly version: number;
    readonly expiresAt?: number | undefined;
  };
  readonly renewalFailed: {
    readonly at: number;
    readonly reason: RenewalReason;
    readonly error: TokenError;
  };
  /** A server refused an operation's token. */
  readonly refused: { readonly at: number; readonly session: string };
  /** A refused operation is sent again. */
  readonly repeated: { readonly at: number; readonly session: string };
  /** A server took an operation's token, and denied what the operation asked for. The answer is delivered. */
  readonly forbidden: {
    readonly at: number;
    readonly session: string;
    /** The scope that it takes, where the server named one: a server's words, redacted. @see RFC 6750 section 3 */
    readonly scope?: string | undefined;
  };
  /** A server took an operation's token, and asks its user to authenticate anew, or better. The answer is delivered. */
  readonly stepUp: {
    readonly at: number;
    readonly session: string;
    /** The ways to authenticate that will do, best first, with spaces between: a server's words, redacted. @see RFC 9470 section 3 */
    readonly acrValues?: string | undefined;
    /** How long ago the user may have authenticated, in milliseconds. */
    readonly maxAgeMs?: number | undefined;
  };
  /** The session is over: forget what belonged to its user. */
  readonly signedOut: {
    readonly at: number;
    readonly session: string;
    readonly reason: SignOutReason;
  };
  /** The store could not be read or written, or held a damaged record; memory is used meanwhile. */
  readonly storeFailed: {
    readonly at: number;
    readonly doing: 'load' | 'save' | 'lock' | 'read';
    readonly cause?: unknown;
  };
}

type Listener<Name extends keyof TokenEvents> = (event: TokenEvents[Name]) => void;

export interface Events {
  on<Name extends keyof TokenEvents>(name: Name, listener: Listener<Name>): () => void;
  emit<Name extends keyof TokenEvents>(name: Name, event: Omit<TokenEvents[Name], 'at'>): void;
  clear(): void;
}

/** Calls every listener. One that throws harms nobody: its error goes where uncaught errors go, where there is such a place. */
export function notify<T>(listeners: Iterable<(event: T) => void>, event: T): void {
  const called = [...listeners]; // whoever comes while they are called is not called
  for (const listener of called) {
    try {
      listener(event);
    } catch (error) {
      (globalThis as { reportError?: (error: unknown) => void }).reportError?.(error);
    }
  }
}

export function createEvents(now: () => number): Events {
  const listeners = new Map<keyof TokenEvents, Set<(event: never) => void>>();
  return {
    on(name, listener) {
      const set = listeners.get(name) ?? new Set();
      listeners.set(name, set.add(listener));
      return () => void set.delete(listener);
    },
    emit(name, event) {
      const set = listeners.get(name) as Set<(event: unknown) => void> | undefined;
      if (set?.size) notify(set, { at: now(), ...event });
    },
    clear: () => listeners.clear(),
  };
}
