import { type TokenError, tokenError } from '../errors/tokenError.ts';
import type { Session } from '../session/session.ts';
import type { BoundedPlace } from './boundedPlace.ts';
import type { Entry, Place, StoreHost } from './place.ts';
import { beginningAfter, type Stamp } from './stamp.ts';
import type { TokenRecord } from './tokenRecord.ts';

/** What a store knows of its token manager. */
export interface StoreClient extends Omit<StoreHost, 'found' | 'doubt' | 'failed'> {
  readonly session: Session;
  /** Whether a renewal may replace the refresh token. @defaultValue whether there is one */
  readonly rotates: boolean | undefined;
}

/** The entry that memory holds. */
export interface Held {
  readonly stamp: Stamp;
  readonly record: TokenRecord | null;
}

/** The entry of a session that is on. */
export interface Live extends Held {
  readonly record: TokenRecord;
}

/** What the parts of one store share. */
export interface Stored {
  readonly client: StoreClient;
  readonly place: Place;
  readonly calls: BoundedPlace;
  /** Aborts when nothing is read any more. */
  readonly closing: AbortController;
  /** The greatest entry that was taken or made. `undefined`: nothing is known. */
  held?: Held;
  /** The greatest stamp that was seen. */
  seen: Stamp;
  /** The successor that is being saved, and not in use yet. */
  successor?: Held | undefined;
  /** The user's act that is being saved: what follows is saved after it. */
  acting?: Held | undefined;
  /** Resolves when the last act was saved, or has given way to another. */
  acted?: Promise<void> | undefined;
  /** The end of the session that is being saved, and has not happened yet. */
  expiring?: Stamp | undefined;
  /** How often `held` was put back since the place has held it, and since when that is counted. */
  putBack: number;
  putBackSince: number;
  /** Memory may be old: the place has to be asked. */
  isDoubted: boolean;
  /** The question that is on its way. */
  asking?: Promise<TokenError | undefined> | undefined;
  /** Ends the pause between two questions. */
  endPause: () => void;
  /** Resolves when the saves so far are done. */
  saving: Promise<unknown>;
  /** The timer of what is saved again after an outage. */
  retry?: unknown;
  /** Resolves when each lock so far was let go. */
  letGo?: Promise<unknown>;
}

export const isClosed = ({ closing }: Stored): boolean => closing.signal.aborted;

/** Whether the place has to be asked before the state is known. */
export const isAsked = (stored: Stored): boolean =>
  !isClosed(stored) && (stored.client.session.state.status === 'loading' || stored.isDoubted);

/** The stamp of a beginning or an end at this time. */
export const beginning = ({ seen }: Stored, at: number): Stamp => beginningAfter(seen, at);

export function noteSeen(stored: Stored, stamp: Stamp): void {
  if (stamp > stored.seen) stored.seen = stamp;
}

/** What memory holds while a session is on. */
export const heldIn = ({ held }: Stored): Live => held as Live;

export function hold(stored: Stored, entry: Held): Held {
  stored.held = entry;
  stored.putBack = 0;
  noteSeen(stored, entry.stamp);
  return entry;
}

/** Resolves to whether the place keeps the entry. @throws when the place is gone, which was reported */
export function save(stored: Stored, entry: Entry, over?: Stamp): Promise<boolean> {
  const saved = stored.calls.save(entry, over);
  stored.saving = Promise.allSettled([stored.saving, saved]).then(() => {}); // no results: each would keep those before
  return saved;
}

export const notLoaded = (cause?: Error): TokenError =>
  tokenError('unavailable', () => process.env.NODE_ENV !== 'production' && 'The store could not be read.', { cause });
