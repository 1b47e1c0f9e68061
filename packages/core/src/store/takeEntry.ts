import { awaitSuccessor, beginSession, endDoubt, endSession, loadSession, renewSession } from '../session/session.ts';
import { makeSessionId, positionAfter } from '../tokens/tokenSet.ts';
import type { Entry } from './place.ts';
import { areOfOneSession, epochOf, isStamp, liftedAbove, type Stamp, sameTimeMs } from './stamp.ts';
import { type Held, heldIn, hold, isClosed, type Live, noteSeen, type Stored, save } from './stored.ts';
import { damagedRecord, readRecord, tokensOf } from './tokenRecord.ts';

/** An entry that was put back so often, and is not there, is not put back again before this pause, or before it was there. */
const mostPutBack = 3;
const putBackPauseMs = 10_000;

/** Asks the place what it holds, and takes that. @throws when the place is gone, which was reported */
export async function look(stored: Stored): Promise<void> {
  takeEntry(stored, await stored.calls.load());
}

/** Takes over what the place holds where it is newer than memory; puts back what memory holds where that is newer. */
export function takeEntry(stored: Stored, entry: Entry | undefined): void {
  if (isClosed(stored)) return;
  const read = entry && readEntry(stored, entry);
  if (read || !entry) stored.calls.succeeded('load');
  if (read) {
    noteSeen(stored, read.stamp);
    if (read.stamp === stored.expiring) return; // an end of its own that has not happened yet
  }
  const stamp = read?.stamp; // of its own: `{}` would have what a polluted prototype has
  const record = read?.record;
  const { held } = stored;
  if (stamp === undefined) putBack(stored);
  else if (record === undefined || stamp === held?.stamp)
    stored.putBack = 0; // no record: nobody who has it answers
  else if (held && stamp < held.stamp) putBack(stored);
  else if (!held || !isUnderAct(stored, held, stamp)) enter(stored, { stamp, record });
  if (stored.isDoubted) {
    stored.isDoubted = false;
    if (stamp !== undefined && record === undefined && held && stamp >= held.stamp)
      awaitSuccessor(stored.client.session); // nobody knows better
    endDoubt(stored.client.session);
  } else if (!stored.held) loadSession(stored.client.session, null);
}

/** Whether an act that is being saved is later, though the clock of this other entry is ahead: it is stamped above that. */
const isUnderAct = ({ acting, client }: Stored, held: Held, stamp: Stamp): boolean =>
  acting === held && !areOfOneSession(stamp, held.stamp) && epochOf(stamp) > client.clock.now() + sameTimeMs;

/** `undefined`: the entry is damaged. */
function readEntry(stored: Stored, { stamp, record }: Entry): Entry | undefined {
  const read = record ? readRecord(record) : record;
  if (isStamp(stamp) && (read !== undefined || record === undefined)) return { stamp, record: read };
  stored.calls.failed('load', damagedRecord());
  const { held } = stored;
  const isAbove = held && isStamp(stamp) && stamp > held.stamp;
  if (isAbove) hold(stored, { ...held, stamp: liftedAbove(held.stamp, stamp) }); // what memory holds overwrites it
  return undefined;
}

function enter(stored: Stored, entry: Held): void {
  const { session, clock } = stored.client;
  const before = heldIn(stored);
  const { tokens, status } = session.state;
  const { stamp, record } = hold(stored, entry);
  if (!record) {
    if (status === 'restoring' && session.flight && session.flight.sentAt === undefined)
      session.flight.isAnswered = true;
    else if (status !== 'signedOut') endSession(session, 'elsewhere');
  } else if (tokens && continues(before, { stamp, record }))
    renewSession(session, tokensOf(record, positionAfter(tokens)));
  else {
    const first = tokensOf(record, { sessionId: makeSessionId(clock.now()), version: 1 });
    if (status === 'loading' && !stored.isDoubted) loadSession(session, first);
    else beginSession(session, first, { reason: 'elsewhere' });
  }
}

/** Whether an entry with a greater stamp is of the session that is on. */
function continues(before: Live, next: Live): boolean {
  const { subject, unattended } = before.record;
  if (subject !== undefined && next.record.subject !== undefined) return subject === next.record.subject;
  return areOfOneSession(before.stamp, next.stamp) || (unattended === true && next.record.unattended === true);
}

/** The place has lost what memory holds, or never had it. */
function putBack(stored: Stored): void {
  const { held } = stored;
  if (!held) return;
  const now = stored.client.clock.now();
  if (Math.abs(now - stored.putBackSince) > putBackPauseMs) Object.assign(stored, { putBack: 0, putBackSince: now });
  if (stored.putBack >= mostPutBack) return;
  stored.putBack++;
  void save(stored, held).catch(() => {}); // reported
}
