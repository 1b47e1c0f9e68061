import type { Hold } from '../../src/store/place.ts';
import type { TokenParts } from '../../src/tokens/tokenSet.ts';
import { requestTimeoutMs } from '../environment.ts';
import type { FleetProcess } from './clock.ts';
import type { FleetWorld } from './places.ts';
import type { FleetRefreshToken, FleetServer } from './servers.ts';

/** A holder stands still for a minute at most, and those who took over need half a minute. */
const takeoverMs = 100_000;

/** The manager that sends a token request. */
export interface TokenRequester {
  readonly name: string;
  readonly process: FleetProcess;
  /** The lock, while it holds it. */
  readonly hold: Hold | undefined;
  /** The refresh tokens that it has sent, and whose successors are not saved yet. */
  readonly unsaved: Set<FleetRefreshToken>;
  /** Those of them whose successors it has. */
  readonly answered: Set<FleetRefreshToken>;
  /** Called when the answer arrives at its process. */
  freezeBeforeSave(token: FleetRefreshToken | undefined): void;
}

/** One token request on its way. */
interface TokenRequest {
  readonly member: TokenRequester;
  /** What it would spoil for another: a refresh token, or the one account. */
  readonly grant: string;
  readonly isAlone: boolean;
  /** Its sender was frozen or killed, or its time was up: another may be sent meanwhile. */
  isGivenUp: boolean;
}

export interface NetworkOptions {
  /** Whether the refresh token is in a cookie that all managers share. */
  readonly hasCookie: boolean;
  /** Whether the place has a lock, so that there is one token request at a time. */
  readonly isLocked: boolean;
  /** Whether a token request ends at once when its signal aborts. */
  readonly obeysSignal: boolean;
}

/** The way to the auth server and back: slow at times, and answers are lost. */
export class FleetNetwork {
  /** Whether there are faults. */
  isFaulty = true;
  /** The refresh token in the cookie. */
  cookie: string | undefined;
  readonly options: NetworkOptions;
  readonly server: FleetServer;
  readonly #world: FleetWorld;
  readonly #open = new Set<TokenRequest>();
  /** The time of a token request counts from its first try. */
  readonly #endsAt = new WeakMap<AbortSignal, number>();
  /** When a holder of the lock stood still: what it saves later ends the wait of those who took over. */
  #takenOverAt = Number.NEGATIVE_INFINITY;

  constructor(world: FleetWorld, server: FleetServer, options: NetworkOptions) {
    this.#world = world;
    this.server = server;
    this.options = options;
  }

  refresh(member: TokenRequester, refreshToken: string | undefined, signal: AbortSignal): Promise<TokenParts | null> {
    const sent = this.options.hasCookie ? this.cookie : refreshToken;
    const token = this.server.refreshToken(sent);
    const ask = () => {
      const answer = this.server.refresh(sent);
      if (this.options.isLocked) return answer;
      token?.accidents.add('no lock');
      return answer;
    };
    const grant = sent ?? `nothing of ${member.name}`;
    return this.#send({ member, grant, token, ask, signal });
  }

  /** Signs in with the credentials of the one account. */
  signIn(member: TokenRequester, signal: AbortSignal): Promise<TokenParts | null> {
    return this.#send({ member, grant: 'account', token: undefined, ask: () => this.server.signIn(), signal });
  }

  /** The member stands still, or has ended: what it has sent may be sent again by others. */
  giveUp(member: TokenRequester): void {
    for (const request of this.#open) if (request.member === member) request.isGivenUp = true;
    if (member.hold) this.#takenOverAt = this.#world.timeline.now;
  }

  #send({ member, grant, token, ask, signal }: SendOptions): Promise<TokenParts | null> {
    const { timeline, random, report } = this.#world;
    report.counts.requests++;
    report.log(() => `${member.name} sends ${grant}`);
    const request = { member, grant, isAlone: !member.hold, isGivenUp: false };
    this.#check(request);
    this.#open.add(request);
    if (token) member.unsaved.add(token);
    const endsAt = this.#endsAt.get(signal) ?? timeline.now + requestTimeoutMs;
    this.#endsAt.set(signal, endsAt);
    return new Promise<TokenParts | null>((resolve, reject) => {
      signal.addEventListener('abort', () => {
        request.isGivenUp = true;
        if (timeline.now < endsAt) report.violated('a token request was given up early', member.name);
        token?.accidents.add('answer after the limit');
        if (this.options.obeysSignal) reject(new DOMException('The request was aborted.', 'AbortError'));
      });
      timeline.after(random.int(5, 100) + this.#slowMs(25_000), () => {
        const answer = ask();
        const isLost = this.isFaulty && random.chance(0.02);
        report.log(() => `server: ${grant} of ${member.name} -> ${answer?.accessToken} ${answer?.refreshToken ?? ''}`);
        timeline.after(random.int(5, 100) + this.#slowMs(14_000), () => {
          this.#open.delete(request);
          if (isLost) return this.#lose(member, token, reject);
          this.#arrive(member, answer, token, resolve);
        });
      });
    });
  }

  #slowMs(mostMs: number): number {
    const { random } = this.#world;
    return this.isFaulty && random.chance(0.03) ? random.int(5_000, mostMs) : 0;
  }

  #lose(member: TokenRequester, token: FleetRefreshToken | undefined, reject: (thrown: unknown) => void): void {
    token?.accidents.add('answer lost');
    this.#world.report.log(() => `the answer to ${member.name} is lost`);
    member.process.deliver(() => reject(new TypeError('fetch failed')));
  }

  #arrive(
    member: TokenRequester,
    answer: TokenParts | null,
    token: FleetRefreshToken | undefined,
    resolve: (answer: TokenParts | null) => void,
  ): void {
    const { hasCookie } = this.options;
    if (hasCookie && this.cookie === token?.id) this.cookie = answer?.refreshToken ?? undefined;
    if (!answer && token) member.unsaved.delete(token);
    if (answer) member.freezeBeforeSave(token);
    member.process.deliver(() => {
      if (token && answer) member.answered.add(token);
      resolve(answer && hasCookie ? { ...answer, refreshToken: undefined } : answer);
    });
  }

  /** With a lock there is one token request at a time, sent by its holder. */
  #check(request: TokenRequest): void {
    const { report } = this.#world;
    if (!this.options.isLocked) return;
    const { member, grant, isAlone } = request;
    const mayBeAlone = this.server.kind === 'sideBySide';
    if (isAlone && !mayBeAlone) report.violated('a token request without the lock', `${member.name} ${grant}`);
    if (member.hold && !member.hold.isHeld()) report.violated('a token request after the lock was lost', member.name);
    if (grant === 'account' && this.#world.timeline.now - this.#takenOverAt < takeoverMs) return;
    for (const other of this.#open)
      if (other.grant === grant && !other.isGivenUp && !(mayBeAlone && (isAlone || other.isAlone)))
        report.violated('two token requests at once', `${other.member.name} and ${member.name}: ${grant}`);
  }
}

interface SendOptions extends Pick<TokenRequest, 'member' | 'grant'> {
  readonly token: FleetRefreshToken | undefined;
  readonly ask: () => TokenParts | null;
  readonly signal: AbortSignal;
}
