import { type TokenError, tokenError } from '../errors/tokenError.ts';
import type { Flight } from '../session/session.ts';
import { holdLock } from './holdLock.ts';
import type { Hold } from './place.ts';
import { notLoaded, type Stored } from './stored.ts';
import { look } from './takeEntry.ts';

/** Runs a renewal inside the lock, once at most; when the lock was lost before its token request was sent, once more. */
export async function lockedRenewal(stored: Stored, flight: Flight, run: () => Promise<void>): Promise<void> {
  const attempt = () => withLock(stored, flight, hold => runInside(stored, flight, hold, run));
  try {
    await attempt();
  } catch (thrown) {
    if (!flight.hasLostLock) throw thrown;
    flight.hold = undefined;
    await attempt();
  }
}

/** Others have renewed: nothing is sent, and the place has one less who waits for its lock. */
export function giveUpWaiting(stored: Stored): void {
  const { flight } = stored.client.session;
  if (flight && !flight.hold && !isNeeded(stored, flight)) flight.abort.abort();
}

const unlocked: Hold = { isHeld: () => true };

function withLock(stored: Stored, flight: Flight, run: (hold: Hold) => Promise<void>): Promise<void> {
  const { place, calls, client } = stored;
  if (!place.lock) return run(unlocked);
  return holdLock(run, {
    lock: (inside, signal) => {
      const held = (place.lock as NonNullable<typeof place.lock>)(inside, signal);
      stored.letGo = Promise.allSettled([stored.letGo, held]).then(() => {});
      return held;
    },
    signal: flight.abort.signal,
    mayLetGo: () => flight.epoch !== client.session.epoch, // the next session has a refresh token of its own
    saved: () => stored.saving, // also an act in mid-request: those who wait must find it
    limit: flight.request.signal,
    succeeded: () => calls.succeeded('lock'),
    gone: thrown => {
      stored.hasFailed = true;
      calls.failed('lock', thrown);
      return mayGoAlone(stored, flight) ? run(unlocked) : Promise.reject(noLock());
    },
  });
}

/** Whether two renewals at once do no harm. */
function mayGoAlone({ client }: Stored, { from }: Flight): boolean {
  const { exclusive, rotates = from?.refreshToken !== undefined } = client;
  return !exclusive && !rotates;
}

/** Looks first: others may have renewed. */
async function runInside(stored: Stored, flight: Flight, hold: Hold, run: () => Promise<void>): Promise<void> {
  try {
    await look(stored);
  } catch {
    stored.hasFailed = true;
    if (stored.place.lock && !mayGoAlone(stored, flight)) throw notLoaded();
  }
  if (flight.abort.signal.aborted || !isNeeded(stored, flight)) return;
  flight.from = stored.client.session.state.tokens;
  flight.hold = hold;
  stored.hasFailed = false;
  await run();
}

/** Others may have renewed. A successor that has expired as well is renewed in turn. */
function isNeeded({ client }: Stored, flight: Flight): boolean {
  const { state } = client.session;
  if (flight.isAnswered) return false;
  if (!state.tokens || state.tokens === flight.from) return true;
  return client.clock.now() >= (state.scheduleBefore ?? state.schedule).hardAt;
}

const noLock = (): TokenError =>
  tokenError(
    'unavailable',
    () =>
      process.env.NODE_ENV !== 'production' && "Could not acquire the store's lock: a second renewal could do harm.",
  );
