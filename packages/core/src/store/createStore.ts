import { redactedCause, secretsIn } from '../errors/redact.ts';
import type { Flight } from '../session/session.ts';
import { emitEvent } from '../session/tokenEvents.ts';
import { withTimeout } from '../time/clock.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import { answered, ask, askAtOnce, doubt } from './askPlace.ts';
import { BoundedPlace, placeTimeoutMs } from './boundedPlace.ts';
import { giveUpWaiting, lockedRenewal } from './lockedRenewal.ts';
import type { Entry, Place, StoreCall, StoreHost } from './place.ts';
import { saveAct, saveNext } from './saveEntry.ts';
import type { SessionStore, Store } from './sessionStore.ts';
import { endAfter, receivedAfter, renewalAfter } from './stamp.ts';
import {
  beginning,
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
import { recordOf } from './tokenRecord.ts';

/** Makes the option `store` of a place: a register that only rises, see `Place`. */
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
    isDoubted: false,
    endPause() {},
    saving: Promise.resolve(),
  };
  stored.place = connect({
    ...known,
    found,
    doubt: () => doubt(stored),
    failed: (doing, cause) => calls.failed(doing, cause),
  });
  return stored;
}

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
      if (stored.acting) {
        await stored.acted;
        if (flight.epoch !== stored.client.session.epoch || !renewsHeld(stored, flight)) return;
      }
      const base = stored.held;
      const now = stored.client.clock.now();
      const stamp = base ? renewalAfter(base.stamp, flight.hold?.fence ?? now) : beginning(stored, now);
      const record = recordOf(next, isUnattended || base?.record?.unattended);
      const entry = hold(stored, { stamp, record });
      stored.successor = entry;
      await saveNext(stored, entry);
      if (stored.successor === entry) stored.successor = undefined;
      if (stored.held === entry) use();
    },
    adopt: next => saveAct(stored, recordOf(next, stored.held?.record?.unattended)), // the session goes on by its subject
    async receive(next) {
      if (stored.acting) await stored.acted;
      const { held, successor, client } = stored;
      if (!held || held === successor || client.session.state.tokens !== next) return; // a renewal is newer
      const record = recordOf(next, held.record?.unattended);
      await saveNext(stored, hold(stored, { stamp: receivedAfter(held.stamp), record }));
    },
    expire: (tokens, end) => expire(stored, tokens, end),
    async nobody(requestedAt) {
      if (stored.place.sharesNobody && !stored.held && !isClosed(stored)) await saveAct(stored, null, requestedAt);
    },
    locked: (flight, run) => lockedRenewal(stored, flight, run),
    renewsHeld: flight => renewsHeld(stored, flight),
    close: pending => close(stored, pending),
  };
}

/** Whether its refresh token is the one that memory holds, or the token itself where there is none. */
function renewsHeld({ held }: Stored, { from }: Flight): boolean {
  const { accessToken, refreshToken } = from ?? {};
  return refreshToken === undefined
    ? held?.record?.accessToken === accessToken
    : held?.record?.refreshToken === refreshToken;
}

async function expire(stored: Stored, tokens: TokenSet, end: () => void): Promise<void> {
  const isOver = () => stored.client.session.state.tokens !== tokens || isClosed(stored);
  if (stored.acting) await stored.acted;
  if (isOver()) return;
  const { held } = stored;
  const entry = { stamp: held ? endAfter(held.stamp) : beginning(stored, stored.client.clock.now()), record: null };
  noteSeen(stored, entry.stamp);
  stored.expiring = entry.stamp;
  try {
    const isKept = await save(stored, entry, held?.stamp).catch(() => true); // reported, and put back later
    if (!isKept) await look(stored); // others have saved a successor
  } catch {
    if (!isOver()) throw notLoaded();
  } finally {
    stored.expiring = undefined;
  }
  if (isOver()) return;
  hold(stored, entry);
  end();
}

function close(stored: Stored, pending: Promise<unknown>): void {
  stored.closing.abort();
  stored.endPause();
  const closePlace = () => {
    if (stored.place.close) new Promise(done => done(stored.place.close?.())).catch(() => {});
  };
  const letGo = () =>
    withTimeout(() => stored.letGo, { ms: placeTimeoutMs, clock: stored.client.clock, late: notLoaded });
  void pending
    .then(() => stored.saving)
    .then(() => (stored.letGo ? letGo().catch(() => {}) : undefined))
    .then(closePlace);
}

function report({ client, held }: Stored, doing: StoreCall, thrown: unknown, entry?: Entry): void {
  const { session } = client;
  const { tokens } = session.state;
  const secrets = secretsIn([held?.record, tokens && recordOf(tokens), entry?.record]);
  const cause = thrown === undefined ? undefined : redactedCause(thrown, secrets);
  queueMicrotask(() => emitEvent(session.events, 'storeFailed', { doing, cause })); // the first load may fail before anybody can listen
}
