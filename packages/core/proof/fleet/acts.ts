import type { FleetMember } from './member.ts';
import type { FleetNetwork } from './network.ts';
import type { FleetWorld } from './places.ts';

interface Act {
  readonly at: number;
  readonly member: FleetMember;
  /** `undefined`: a sign-out. */
  readonly subject: string | undefined;
  /** Whether the clocks may decide otherwise: another act came close to it. */
  readonly isUncertain: boolean;
  savedAt?: number;
}

/** Clocks differ by so much at most, one from the other. */
const mostSkewMs = 10_000;
/** Acts that the clocks see so close together may have happened in either order. */
const closeMs = 4_000;
/** So soon an act is saved where nothing fails. */
const soonMs = 1_000;

const isOfOneClock = (one: FleetMember, other: FleetMember) => one.process.skewMs === other.process.skewMs;

/** Sign-ins and sign-outs: the last one wins. */
export class FleetActs {
  last: Act | undefined;
  readonly #all: Act[] = [];
  readonly #world: FleetWorld;
  readonly #network: FleetNetwork;
  #users = 0;

  constructor(world: FleetWorld, network: FleetNetwork) {
    this.#world = world;
    this.#network = network;
  }

  signIn(member: FleetMember, isSameUser = false): void {
    const subject = (isSameUser && member.tokens?.subject) || `u${this.#users++}`;
    const parts = this.#network.server.signIn(subject);
    const { hasCookie } = this.#network.options;
    if (hasCookie) this.#network.cookie = parts.refreshToken ?? undefined;
    this.#note(member, subject);
    this.#world.report.log(() => `${member.name} signs in ${subject}: ${parts.accessToken} ${parts.refreshToken}`);
    this.#save(member.auth.adopt(hasCookie ? { ...parts, refreshToken: undefined } : parts), member);
  }

  signOut(member: FleetMember): void {
    const { server, options } = this.#network;
    if (options.hasCookie) this.#network.cookie = undefined;
    const family = server.familyOf(member.tokens?.accessToken);
    if (family) family.isSignedOut = true;
    this.#note(member, undefined);
    this.#world.report.log(() => `${member.name} signs out of ${family?.id}`);
    this.#save(member.auth.signOut(), member);
  }

  /** Whether no other act may have come last. */
  get isLastCertain(): boolean {
    const { last } = this;
    if (!last || last.isUncertain || last.savedAt === undefined) return false;
    return last.savedAt - last.at < soonMs || this.#all.every(other => isOfOneClock(other.member, last.member));
  }

  #save(saved: Promise<void>, member: FleetMember): void {
    member.openActs++;
    const { last } = this;
    const { report, timeline } = this.#world;
    saved.then(
      () => {
        member.openActs--;
        if (last) last.savedAt = timeline.now;
      },
      (thrown: unknown) => report.violated('an act fails', `${member.name} ${String(thrown)}`),
    );
  }

  #note(member: FleetMember, subject: string | undefined): void {
    const isUncertain = this.#all.some(other => this.#isClose(other, member));
    if (isUncertain && this.#network.options.hasCookie)
      this.#world.report.excuse('the cookie may be of another sign-in than the session');
    this.last = { at: this.#world.timeline.now, member, subject, isUncertain };
    this.#all.push(this.last);
  }

  #isClose({ at, member: other, savedAt }: Act, member: FleetMember): boolean {
    const { now } = this.#world.timeline;
    if (other === member) return false;
    if (isOfOneClock(other, member)) return at === now;
    const savedMs = (savedAt ?? now) - at;
    if (savedAt === undefined || savedMs > soonMs) return now - at < mostSkewMs + savedMs;
    return Math.abs(at + other.process.skewMs - member.process.now()) < closeMs;
  }
}
