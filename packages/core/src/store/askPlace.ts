import { redactedCause } from '../errors/redact.ts';
import type { TokenError } from '../errors/tokenError.ts';
import { pausedBy } from '../session/cooldown.ts';
import { doubtSession, failLoad } from '../session/session.ts';
import { placeTimeoutMs } from './boundedPlace.ts';
import type { Entry, Place } from './place.ts';
import { isAsked, isClosed, notLoaded, type Stored } from './stored.ts';
import { takeEntry } from './takeEntry.ts';

// What is known before the place has answered, and when memory may be old.

type Loading = () => ReturnType<Place['load']>;

/** Asks synchronously where the place answers so: then a page knows at once whether a user is signed in. */
export function askAtOnce(stored: Stored): void {
  let answer: ReturnType<Place['load']>;
  try {
    answer = stored.place.load();
  } catch (thrown) {
    answer = Promise.reject(thrown);
  }
  const isLater = typeof (answer as PromiseLike<unknown> | undefined)?.then === 'function';
  if (isLater) void ask(stored, () => answer);
  else takeEntry(stored, answer as Entry | undefined);
}

/** Joins the question that is on its way, or asks. Resolves when the state is known, or to the failure. Never rejects. */
export function ask(stored: Stored, first?: Loading): Promise<TokenError | undefined> {
  stored.asking ??= askInTime(stored, first).finally(() => {
    stored.asking = undefined;
  });
  return stored.asking;
}

/** Asks until the place has answered, for 5 s at most, and no oftener than the cool-down. */
async function askInTime(stored: Stored, first?: Loading): Promise<TokenError | undefined> {
  const { session, clock } = stored.client;
  const until = clock.now() + placeTimeoutMs;
  let failure = first || stored.isDoubted ? undefined : pausedBy(session.cooldown, clock.now());
  for (let loading = first; isAsked(stored); loading = undefined) {
    if (!failure) failure = await askOnce(stored, loading);
    else if (clock.now() >= until) return failure;
    else {
      await pause(stored, Math.min(session.cooldown.until, until) - clock.now());
      failure = pausedBy(session.cooldown, clock.now()) && failure;
    }
  }
  return undefined;
}

async function askOnce(stored: Stored, loading?: Loading): Promise<TokenError | undefined> {
  const known = new Promise<void>(resolve => {
    stored.endPause = resolve;
  });
  try {
    await Promise.race([stored.calls.load(loading).then(entry => answered(stored, entry)), known]);
    return undefined;
  } catch (thrown) {
    return isAsked(stored) ? failLoad(stored.client.session, notLoaded(redactedCause(thrown, []))) : undefined;
  }
}

/** Resolves after this time, or when the place has answered by itself. */
function pause(stored: Stored, ms: number): Promise<void> {
  const { clock } = stored.client;
  return new Promise(resolve => {
    const timer = clock.setTimeout(resolve, ms);
    (timer as { ref?: () => void } | undefined)?.ref?.(); // somebody waits, and nothing else may keep a Node process running
    stored.endPause = () => {
      clock.clearTimeout(timer);
      resolve();
    };
  });
}

/** The place has answered, asked or by itself. */
export function answered(stored: Stored, entry: Entry | undefined): void {
  takeEntry(stored, entry);
  stored.endPause();
}

/** Memory may be old: operations wait until the place has answered. */
export function doubt(stored: Stored): void {
  const { session } = stored.client;
  const { status } = session.state;
  if (isClosed(stored) || (status !== 'signedIn' && status !== 'signedOut')) return;
  stored.isDoubted = true;
  doubtSession(session);
}
