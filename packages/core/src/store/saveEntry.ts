import type { Entry } from './place.ts';
import { areOfOneSession, epochOf, isStamp, sameTimeMs } from './stamp.ts';
import { beginning, type Held, hold, isClosed, noteSeen, type Stored, save } from './stored.ts';
import { look, takeEntry } from './takeEntry.ts';
import type { TokenRecord } from './tokenRecord.ts';

const mostSaves = 3;

/** Saves an entry of the session that goes on, unless others have saved a greater one, which is taken. Never rejects. */
export async function saveNext(stored: Stored, entry: Held): Promise<void> {
  try {
    for (let saves = 0; saves < mostSaves && stored.held === entry; saves++) {
      if (await save(stored, entry)) return;
      await look(stored);
    }
  } catch {
    saveLater(stored, entry); // reported
  }
}

/**
 * Saves a beginning or an end. The last act wins: an entry of a clock that is ahead is not later, and this one is stamped above
 * it. Never rejects.
 *
 * @param requestedAt - when it is no act of a user, but the answer to a renewal: then any greater entry wins over it
 */
export function saveAct(stored: Stored, record: TokenRecord | null, requestedAt?: number): Promise<void> {
  stored.acted = act(stored, record, requestedAt);
  return stored.acted;
}

async function act(stored: Stored, record: TokenRecord | null, requestedAt?: number): Promise<void> {
  const { clock } = stored.client;
  const at = requestedAt ?? clock.now();
  let entry = hold(stored, { stamp: beginning(stored, at), record });
  stored.successor = undefined;
  stored.acting = entry;
  queueMicrotask(stored.endPause); // who is signed in is known
  try {
    for (let saves = 1; !(await save(stored, entry)); saves++) {
      const found = await stored.calls.load();
      if (stored.held !== entry) return takeEntry(stored, found); // a notice, or the user, was faster
      const yields = requestedAt !== undefined || saves === mostSaves; // the others do not stop
      if (isLater(found, entry, yields ? Number.POSITIVE_INFINITY : clock.now())) {
        stored.acting = undefined;
        return takeEntry(stored, found);
      }
      if (saves === mostSaves) return;
      if (isStamp(found?.stamp)) noteSeen(stored, found.stamp);
      entry = hold(stored, { stamp: beginning(stored, at), record });
      stored.acting = entry;
    }
  } catch {
    saveLater(stored, entry); // reported
  } finally {
    if (stored.acting === entry) stored.acting = undefined;
  }
}

const firstRetryMs = 2_000;
const longestRetryMs = 60_000;

/** The place was gone: what memory holds is saved again after a pause, also where nothing looks at the place meanwhile. */
export function saveLater(stored: Stored, entry: Held, ms: number = firstRetryMs): void {
  const { clock } = stored.client;
  clock.clearTimeout(stored.retry);
  if (isClosed(stored) || stored.held !== entry) return;
  stored.retry = clock.setTimeout(() => {
    if (stored.held === entry)
      save(stored, entry)
        .then(isKept => (isKept ? undefined : look(stored)))
        .catch(() => saveLater(stored, entry, Math.min(2 * ms, longestRetryMs)));
  }, ms);
}

/** Whether what the place holds came after `entry`: its renewal, or an act by a clock that is not ahead of this one. */
function isLater(found: Entry | undefined, entry: Held, now: number): boolean {
  const { stamp, record } = found ?? {};
  if (!isStamp(stamp) || stamp < entry.stamp || record === undefined) return false;
  return areOfOneSession(stamp, entry.stamp) || epochOf(stamp) <= now + sameTimeMs;
}
