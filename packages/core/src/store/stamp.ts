/**
 * The order of the entries of a store, made by the core and compared with `<`. Decimal digits of fixed width, joined by `-`:
 *
 * 1. `epoch`, raised by each beginning and end of a session: the time in milliseconds, or more where a greater one was seen;
 * 2. `by`, random, of that beginning or end;
 * 3. `version`, raised by each renewal: the fence of the lock, else the time in milliseconds, or more;
 * 4. `received`, raised by tokens that a response brought;
 * 5. `write`, random.
 */
export type Stamp = string;

const widths = [15, 10, 15, 5, 10] as const;
const form = /^\d{15}-\d{10}-\d{15}-\d{5}-\d{10}$/;
const mostReceived = 99_999;

type Parts = readonly [epoch: number, by: number, version: number, received: number, write: number];

const random = () => Math.floor(Math.random() * 10 ** 10);
const format = (parts: Parts): Stamp => parts.map((part, at) => String(part).padStart(widths[at] ?? 0, '0')).join('-');
function parse(stamp: Stamp): Parts {
  const [epoch = 0, by = 0, version = 0, received = 0, write = 0] = stamp.split('-').map(Number);
  return [epoch, by, version, received, write];
}

/** A clock that is ahead by less is not ahead: several acts in one millisecond are stamped one after the other. */
export const sameTimeMs = 100;

export const isStamp = (value: unknown): value is Stamp => typeof value === 'string' && form.test(value);

export const epochOf = (stamp: Stamp): number => parse(stamp)[0];

/** The stamp of a session's beginning or end, above all stamps that were seen, and above an `endAfter` that was not. */
export const beginningAfter = (seen: Stamp | undefined, now: number): Stamp =>
  format([Math.max(Math.floor(now), seen ? epochOf(seen) + 2 : 0), random(), 0, 0, random()]);

/** The stamp of a renewal of the session with this stamp. */
export function renewalAfter(stamp: Stamp, fence: number): Stamp {
  const [epoch, by, version] = parse(stamp);
  return format([epoch, by, Math.max(version + 1, Math.floor(fence)), 0, random()]);
}

/** The stamp of tokens that a response brought: any renewal is above it. */
export function receivedAfter(stamp: Stamp): Stamp {
  const [epoch, by, version, received] = parse(stamp);
  return received < mostReceived
    ? format([epoch, by, version, received + 1, random()])
    : format([epoch, by, version + 1, 0, random()]);
}

/** A stamp above `seen` in the same session, which all who hold the lower one come to; their order among each other stays. */
export const liftedAbove = (stamp: Stamp, seen: Stamp): Stamp => {
  const [, by, version, received, write] = parse(stamp);
  return format([epochOf(seen) + 1, by, version, received, write]);
};

const beginningOf = (stamp: Stamp) => stamp.slice(16, 26);

/** Whether two stamps are of one session, as far as they tell. */
export const areOfOneSession = (one: Stamp, other: Stamp): boolean => beginningOf(one) === beginningOf(other);

/** The stamp of a session's end that is no act of a user: above the session, and below any later beginning. */
export const endAfter = (stamp: Stamp): Stamp => format([epochOf(stamp) + 1, random(), 0, 0, random()]);
