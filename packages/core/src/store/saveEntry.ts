import type { Entry } from './place.ts';
import { epochOf, isStamp, renewalAfter, sameTimeMs } from './stamp.ts';
import { beginning, type Held, hold, isClosed, noteSeen, type Stored, save } from './stored.ts';
import { continues, look, takeEntry } from './takeEntry.ts';
import type { TokenRecord } from './tokenRecord.ts';

const mostSaves = 3;

/** Saves an entry of the session that goes on, unless others have saved a greater one, which is taken. Never rejects. */
export async function saveNext(stored: Stored, entry: Held): Promise<void> {
  try {
    for (let saves = 0; saves < mostSaves && stored.held === entry; saves++) {
      if (await save(stored, entry)) return;
      if (stored.held === entry) await look(stored);
    }
  } catch {
    // reported, and put back later
  }
}

/**
 * Saves a beginning or an end. The last act wins: an entry of a clock that is ahead is not later, and this one is stamped above
 * it. Never rejects.
 *
 * @param requestedAt - when it is no act of a user, but the answer to a renewal: then any greater entry wins over it
 */
export async function saveAct(stored: Stored, record: TokenRecord | null, requestedAt?: number): Promise<void> {
  const { clock } = stored.client;
  const at = requestedAt ?? clock.now();
  let entry = hold(stored, { stamp: beginning(stored, at), record });
  stored.successor = undefined;
  if (requestedAt === undefined) stored.acting = entry;
  queueMicrotask(stored.endPause); // who is signed in is known
  try {
    for (let saves = 0; saves < mostSaves; saves++) {
      if ((await save(stored, entry)) || stored.held !== entry) return;
      const found = await stored.calls.load();
      if (stored.held !== entry || isClosed(stored)) return;
      if (found && isLaterAct(found, entry, requestedAt === undefined ? clock.now() : Number.POSITIVE_INFINITY)) {
        takeEntry(stored, found);
        return;
      }
      if (isStamp(found?.stamp)) noteSeen(stored, found.stamp);
      entry = hold(stored, { stamp: beginning(stored, at), record });
      if (requestedAt === undefined) stored.acting = entry;
    }
  } catch {
    // reported, and put back later
  } finally {
    if (stored.acting === entry) stored.acting = undefined;
  }
}

/**
 * Saves the tokens with which a user goes on. Where the session has ended meanwhile, or another one has begun, that is older:
 * the last act wins. Never rejects.
 */
export async function saveAdopted(stored: Stored, entry: Held): Promise<void> {
  const at = stored.client.clock.now();
  try {
    if ((await save(stored, entry)) || stored.held !== entry) return;
    const found = await stored.calls.load();
    if (stored.held !== entry || isClosed(stored)) return;
    if (found && isStamp(found.stamp) && continues(entry, found)) {
      const stamp = renewalAfter(found.stamp, stored.client.clock.now());
      await saveNext(stored, hold(stored, { ...entry, stamp }));
    } else if (found && epochOf(found.stamp) > at && isLaterAct(found, entry, stored.client.clock.now()))
      takeEntry(stored, found);
    else await saveAct(stored, entry.record);
  } catch {
    // reported, and put back later
  }
}

/** Whether what the place holds came after `entry`, by a clock that is not ahead of this one. */
const isLaterAct = ({ stamp, record }: Entry, entry: Held, now: number): boolean =>
  isStamp(stamp) && stamp > entry.stamp && record !== undefined && epochOf(stamp) <= now + sameTimeMs;
