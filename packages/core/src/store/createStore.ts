import { redactedCause, secretsIn } from '../errors/redact.ts';
import { type TokenError, tokenError } from '../errors/tokenError.ts';
import { emitEvent } from '../session/tokenEvents.ts';
import { withTimeout } from '../time/clock.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import { answered, ask, askAtOnce, doubt } from './askPlace.ts';
import { BoundedPlace, placeTimeoutMs } from './boundedPlace.ts';
import { giveUpWaiting, lockedRenewal } from './lockedRenewal.ts';
import type { Entry, Place, StoreCall, StoreHost } from './place.ts';
import { saveAct, saveLater, saveNext } from './saveEntry.ts';
import type { SessionStore, Store } from './sessionStore.ts';
import { endAfter, receivedAfter, renewalAfter } from './stamp.ts';
import {
  endFailure,
  heldIn,
  hold,
  isAsked,
  isClosed,
  noteSeen,
  notLoaded,
  type StoreClient,
  type Stored,
  save,
} from './stored.ts';
import { look } from './takeEntry.ts';
import { recordOf, type TokenRecord } from './tokenRecord.ts';

/**
 * Makes the option `store` of a place: a register that only rises, see `Place`.
 *
 * The token manager throws `misconfigured` when its provider is `exclusive` and the place has no lock.
 */
export function createStore(connect: (host: StoreHost) => Place): Store {
  return client => {
    const stored = connectTo(client, connect);
    askAtOnce(stored);
    return sessionStoreOf(stored);
  };
}

function connectTo(client: StoreClient, connect: (host: StoreHost) => Place): Stored {
  const { session: _, rotates: __, ...known } = client;
  const closing = new AbortController();
  const found = (entry: Entry | undefined) => {
    answered(stored, entry);
    endFailure(stored);
    giveUpWaiting(stored);
  };
  const calls = new BoundedPlace({
    place: () => stored.place,
    clock: client.clock,
    closed: closing.signal,
    report: (...failure) => report(stored, ...failure),
    foundLate: found,
  });
  const stored: { -readonly [Key in keyof Stored]: Stored[Key] } = {
    client,
    place: notConnected,
    calls,
    closing,
    putBack: 0,
    putBackSince: 0,
    seen: '',
    isDoubted: false,
    hasFailed: false,
    endPause() {},
    saving: Promise.resolve(),
  };
  stored.place = connect({
    ...known,
    found,
    doubt: () => doubt(stored),
    failed: (doing, cause) => calls.failed(doing, cause),
  });
  if (client.exclusive && !stored.place.lock) {
    stored.place.close?.();
    throw needsLock();
  }
  return stored;
}

const needsLock = (): TokenError =>
  tokenError(
    'misconfigured',
    () =>
      process.env.NODE_ENV !== 'production' &&
      'An "exclusive" provider needs a store with a lock: without one, two renewals would invalidate each other\'s tokens. Pass "lock"; where no one else uses the store, lock: run => run().',
  );

/** Until `connect` has returned the place, which may call its host before. */
const notConnected: Place = { load: () => undefined, save: () => false };

function sessionStoreOf(stored: Stored): SessionStore {
  return {
    get isAsked() {
      return isAsked(stored);
    },
    check: tokens => stored.place.check?.(recordOf(tokens)),
    loaded: () => ask(stored),
    reread: () => look(stored).catch(() => {}), // reported
    begin: (tokens, isUnattended, requestedAt) => saveAct(stored, recordOf(tokens, isUnattended), requestedAt),
    end: () => saveAct(stored, null),
    async replace(next, isUnattended, flight, use) {
      await stored.acted;
      const { client } = stored;
      if (flight.epoch !== client.session.epoch || !holds(stored, flight.from as TokenSet)) return;
      const { stamp, record } = heldIn(stored);
      const entry = hold(stored, {
        stamp: renewalAfter(stamp, flight.hold?.fence ?? client.clock.now()),
        record: recordOf(next, isUnattended || record.unattended),
      });
      stored.successor = entry;
      await saveNext(stored, entry);
      stored.successor = undefined;
      if (stored.held === entry) use();
    },
    adopt: next => saveAct(stored, recordOf(next, heldIn(stored).record.unattended)), // the session goes on by its subject
    async receive(next) {
      await stored.acted;
      if (stored.client.session.state.tokens !== next || stored.held === stored.successor) return; // a renewal is newer
      const { stamp, record } = heldIn(stored);
      const entry = hold(stored, { stamp: receivedAfter(stamp), record: recordOf(next, record.unattended) });
      await saveNext(stored, entry);
    },
    expire: (tokens, end) => expire(stored, tokens, end),
    async nobody(requestedAt) {
      if (stored.place.sharesNobody && !stored.held && !isClosed(stored)) await saveAct(stored, null, requestedAt);
    },
    locked: (flight, run) => lockedRenewal(stored, flight, run),
    holds: tokens => holds(stored, tokens),
    close: pending => close(stored, pending),
  };
}

/** What is renewed: the refresh token, or the token itself where there is none. */
const renewedOf = ({ refreshToken, accessToken }: TokenRecord | TokenSet) => refreshToken ?? accessToken;

const holds = (stored: Stored, tokens: TokenSet): boolean => renewedOf(heldIn(stored).record) === renewedOf(tokens);

async function expire(stored: Stored, tokens: TokenSet, end: () => void): Promise<void> {
  const isOver = () => stored.client.session.state.tokens !== tokens || isClosed(stored);
  await stored.acted;
  if (isOver()) return;
  const { stamp } = heldIn(stored);
  const entry = { stamp: endAfter(stamp), record: null };
  noteSeen(stored, entry.stamp);
  stored.expiring = entry.stamp;
  let isGone = false;
  try {
    const isKept = await save(stored, entry, stamp).catch(() => {
      isGone = true; // reported
      return true;
    });
    if (!isKept) await look(stored); // others have saved a successor
  } catch {
    if (!isOver()) throw notLoaded();
  } finally {
    stored.expiring = undefined;
  }
  if (isOver()) return;
  hold(stored, entry);
  if (isGone) saveLater(stored, entry);
  end();
}

function close(stored: Stored, pending: Promise<unknown>): void {
  stored.closing.abort();
  stored.endPause();
  stored.client.clock.clearTimeout(stored.retry);
  const { clock } = stored.client;
  void pending
    .then(() => stored.saving)
    .then(() => withTimeout(() => stored.letGo, { ms: placeTimeoutMs, clock, late: notLoaded }))
    .catch(() => {})
    .then(() => stored.place.close?.())
    .catch(() => {});
}

function report({ client, held }: Stored, doing: StoreCall, thrown: unknown, entry?: Entry): void {
  const { session } = client;
  const { tokens } = session.state;
  const secrets = secretsIn([held?.record, tokens, entry?.record]);
  const cause = thrown === undefined ? undefined : redactedCause(thrown, secrets);
  queueMicrotask(() => emitEvent(session.events, 'storeFailed', { doing, cause })); // the first load may fail before anybody can listen
}
