import type { TokenError } from '../errors/tokenError.ts';
import type { StoreCall } from '../store/place.ts';
import type { Clock } from '../time/clock.ts';
import { callEach } from './callEach.ts';

/** Why a renewal was started. */
export type RenewalReason = 'ahead' | 'expired' | 'refused' | 'restore' | 'asked' | 'credentials';

/** Why a session ended. */
export type SignOutReason = 'signOut' | 'expired' | 'elsewhere' | 'replaced';

/** What happened, with ids, reasons and times, never with tokens. Moments (`at`, `expiresAt`) are milliseconds since the epoch. */
export interface TokenEvents {
  /** A session began: by `signIn`, `adopt`, `restore`, `credentials`, or in another tab. */
  readonly signedIn: {
    readonly at: number;
    readonly sessionId: string;
    readonly expiresAt?: number | undefined;
  };
  /** The session has a new token set. */
  readonly renewed: {
    readonly at: number;
    readonly sessionId: string;
    readonly version: number;
    readonly expiresAt?: number | undefined;
  };
  readonly renewalFailed: {
    readonly at: number;
    readonly reason: RenewalReason;
    readonly error: TokenError;
  };
  /** A server refused an operation's token. */
  readonly refused: { readonly at: number; readonly sessionId: string };
  /** A refused operation is sent again. */
  readonly retried: { readonly at: number; readonly sessionId: string };
  /** A server accepted an operation's token and denied what the operation requested. The answer is delivered. */
  readonly forbidden: {
    readonly at: number;
    readonly sessionId: string;
    /** The scope that the server requires, where it named one, redacted. @see RFC 6750 section 3 */
    readonly scope?: string | undefined;
  };
  /** A server accepted an operation's token and requires its user to authenticate again. The answer is delivered. */
  readonly stepUp: {
    readonly at: number;
    readonly sessionId: string;
    /** The accepted ways to authenticate, best first, separated by spaces, redacted. @see RFC 9470 section 3 */
    readonly acrValues?: string | undefined;
    /** How long ago the user may have authenticated, in milliseconds. */
    readonly maxAgeMs?: number | undefined;
  };
  /** The session has ended: forget what belonged to its user. */
  readonly signedOut: {
    readonly at: number;
    readonly sessionId: string;
    readonly reason: SignOutReason;
  };
  /**
   * The store could not be read (or held a damaged record), written, locked, or notify of changes. Memory is used meanwhile.
   * Emitted once, until it works again.
   */
  readonly storeFailed: {
    readonly at: number;
    readonly doing: StoreCall;
    readonly cause?: unknown;
  };
}

/** The listeners of events, and the events that are not emitted yet. */
export interface Events {
  readonly clock: Clock;
  readonly listeners: Map<keyof TokenEvents, Set<(event: never) => void>>;
  readonly queue: (() => void)[];
  isFlushing: boolean;
}

export const createEvents = (clock: Clock): Events => ({ clock, listeners: new Map(), queue: [], isFlushing: false });

export function onEvent<Name extends keyof TokenEvents>(
  { listeners }: Events,
  name: Name,
  listener: (event: TokenEvents[Name]) => void,
): () => void {
  const set = listeners.get(name) ?? new Set();
  listeners.set(name, set.add(listener));
  return () => void set.delete(listener);
}

/** Keeps an event until `flushEvents`. An event without listeners costs nothing. */
export function queueEvent<Name extends keyof TokenEvents>(
  { clock, listeners, queue }: Events,
  name: Name,
  event: Omit<TokenEvents[Name], 'at'>,
): void {
  const called = listeners.get(name) as Set<(event: unknown) => void> | undefined;
  if (!called?.size) return;
  const at = clock.now();
  queue.push(() => callEach([...called], listener => called.has(listener) && listener({ at, ...event })));
}

/** Emits the kept events. Those that a listener causes come after the one that it is handling. */
export function flushEvents(events: Events): void {
  if (events.isFlushing) return;
  events.isFlushing = true;
  for (let emit = events.queue.shift(); emit; emit = events.queue.shift()) emit();
  events.isFlushing = false;
}

export function emitEvent<Name extends keyof TokenEvents>(
  events: Events,
  name: Name,
  event: Omit<TokenEvents[Name], 'at'>,
): void {
  queueEvent(events, name, event);
  flushEvents(events);
}

/** Thousands of operations may be refused and retried: without listeners nothing is made for them. */
export function emitRefusal(events: Events, name: 'refused' | 'retried', sessionId: string): void {
  if (events.listeners.size > 0) emitEvent(events, name, { sessionId });
}
