import { TokenError } from '../src/errors/tokenError.ts';
import type { RenewalReason } from '../src/session/tokenEvents.ts';
import { defaults, type RenewContext } from '../src/tokenManagerOptions.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import type { Password, SignedIn } from '../test/scriptedProvider.ts';
import type { Life, RenewalAnswer } from './life.ts';
import type { Quiet } from './quiet.ts';
import type { Surroundings } from './surroundings.ts';
import { userOf, type Witness } from './witness.ts';

/** Whose password `credentials` gives. */
export const unattended: Password = { username: 'robot', password: 'a password of a robot' };

/** The tab that asks, as far as the auth server judges it. */
export interface Asker {
  readonly witness: Witness;
  readonly quiet: Quiet;
  /** Access tokens that a server has refused. */
  readonly refusals: Set<string>;
  /** Counts what begins or ends a session. */
  readonly turn: number;
  /** The user has signed out, and nobody has signed in since. */
  readonly isOut: boolean;
  /** Signed out, the manager does not sign in by itself. */
  readonly credentialsRest: boolean;
  /** Something with the lock went wrong: then a session may renew twice. */
  readonly lacksLock: boolean;
  /** Whether nobody else writes to the store. */
  readonly isAlone: boolean;
  readonly isDisposed: boolean;
  /** An own sign-in was answered in time. */
  comesIn(): void;
}

interface Call {
  readonly tab: Asker;
  readonly current: TokenSet | undefined;
  readonly signal: AbortSignal;
  isOver: boolean;
}

const never = Number.POSITIVE_INFINITY;
/** A clock that was set back by more than this is not believed. */
const clockToleranceMs = 5 * 60_000;

const nameOf = ({ session, version, accessToken }: TokenSet) => `${session} ${version} ${accessToken}`;

/** The auth server of a life: it answers as planned, when its turn comes, and notices who asks it too often. */
export class AuthServer {
  readonly #life: Life;
  readonly #around: Surroundings;
  readonly #nextRenewal: () => RenewalAnswer;
  readonly #nextSignIn: () => Life['signIns'][number];
  readonly #nextLifetime: () => number | undefined;
  readonly #calls: Call[] = [];
  /** Token sets for which there is a successor. */
  readonly #renewed = new Set<string>();
  #count = 0;

  constructor(life: Life, around: Surroundings) {
    this.#life = life;
    this.#around = around;
    this.#nextRenewal = around.plan(life.renewals, 'rotates');
    this.#nextSignIn = around.plan(life.signIns, 'tokens');
    this.#nextLifetime = around.plan(life.lifetimes, 86_400);
  }

  mint(user: string, rotates = true): TokenParts {
    const accessToken = `${user}.${++this.#count}`;
    return {
      accessToken,
      expiresInS: this.#nextLifetime(),
      ...(rotates && { refreshToken: `refresh-${accessToken}` }),
    };
  }

  newUser(): string {
    return this.#life.isUnattended ? unattended.username : `user${++this.#count}`;
  }

  renew(tab: Asker, context: RenewContext): Promise<TokenParts | null> {
    this.#judge(tab, context);
    const { current, signal } = context;
    const call: Call = { tab, current, signal, isOver: false };
    this.#calls.push(call);
    const answer = this.#nextRenewal();
    if (answer === 'hangs') return new Promise(() => {});
    if (answer === 'throws') {
      call.isOver = true;
      throw new Error('The provider has a bug.');
    }
    return this.#around.later(`renewal ${answer}`, () => {
      call.isOver = true;
      return this.#answer(call, answer);
    });
  }

  signIn(tab: Asker, { username, password }: Password): Promise<SignedIn | null> {
    const isByItself = password === unattended.password;
    if (isByItself && tab.credentialsRest) this.#around.wrong('signed in by itself after the sign-out');
    const { turn } = tab;
    const session = tab.witness.reign?.session;
    const answer = this.#nextSignIn();
    if (answer === 'hangs') return new Promise(() => {});
    return this.#around.later(`sign-in ${answer}`, () => {
      if (answer === 'trouble') throw new TypeError('fetch failed');
      if (answer === 'no') {
        if (session) tab.witness.refusedSessions.add(session);
        return null;
      }
      const parts = this.mint(username);
      const isLost = isByItself ? tab.isOut || tab.witness.reign?.session !== session : tab.turn !== turn;
      const isLate = tab.isDisposed || isLost;
      if (isLate) tab.witness.late.add(parts.accessToken);
      else if (!isByItself) tab.comesIn();
      return parts;
    });
  }

  #judge(tab: Asker, { current, reason }: RenewContext): void {
    const { wrong } = this.#around;
    const isSame = (call: Call) => call.current?.session === current?.session && !call.isOver && !call.signal.aborted;
    const others = this.#calls.filter(isSame);
    if (others.some(call => call.tab === tab)) wrong('two renewals at once in one tab');
    const keepsLock = (call: Call) => current && !call.tab.lacksLock && !call.tab.witness.ended.has(current.session);
    if (this.#life.hasLock && !tab.lacksLock && others.some(keepsLock))
      wrong('two renewals at once in two tabs, although there is a lock');
    if (tab.isOut) wrong('a renewal after the sign-out');
    if (current && !this.#isNeeded(tab, current, reason)) wrong(`a renewal without need (${reason})`);
    if (reason === 'ahead' && this.#life.exclusive) wrong('a renewal ahead of need that kills the token in use');
    if (!current) return;
    if (tab.witness.ended.has(current.session)) wrong('a renewal of a session that is over');
    if (this.#renewed.has(nameOf(current)) && tab.isAlone) wrong('a second renewal of one token set');
    if (tab.witness.refusedSets.has(nameOf(current))) wrong('a refresh token was sent again after a no');
  }

  /** Whether this token set had to be renewed, now or when the renewal began: the store may have taken its time. */
  #isNeeded(tab: Asker, { accessToken, receivedAt, expiresAt = never }: TokenSet, reason: RenewalReason): boolean {
    const aheadMs = Math.min(defaults.renewAheadMs, (expiresAt - receivedAt) / 5);
    const times = [this.#around.clock.now(), tab.quiet.renewingSince];
    const isExpired = times.some(now => now >= expiresAt - aheadMs / 10 || now < receivedAt - clockToleranceMs);
    if (reason === 'refused') return isExpired || tab.refusals.has(accessToken);
    return reason === 'ahead' ? times.some(now => now >= expiresAt - aheadMs) : reason !== 'expired' || isExpired;
  }

  #answer({ tab, current, signal }: Call, answer: RenewalAnswer): TokenParts | null {
    const { witness } = tab;
    if (answer !== 'missing' && witness.doubtful < 3) witness.doubtful = 0;
    if (answer === 'trouble') throw new TypeError('fetch failed');
    if (answer === 'busy')
      throw new TokenError('unavailable', 'Too many requests.', { status: 429, retryAfterMs: 7_000 });
    if (answer === 'misconfigured') throw new TokenError('misconfigured', 'The client is unknown.');
    if (answer === 'missing') {
      witness.doubtful++;
      throw new TokenError('unavailable', 'Not found.', { status: 404 });
    }
    if (answer === 'garbage') return JSON.parse('{}') as TokenParts;
    if (answer === 'no') {
      if (signal.aborted) return null;
      if (!current) return null;
      witness.refusedSessions.add(current.session);
      witness.refusedSets.add(nameOf(current));
      return null;
    }
    if (answer === 'sameToken' && current) return { accessToken: current.accessToken, expiresAt: current.expiresAt };
    const parts = this.mint(current ? userOf(current) : this.newUser(), answer !== 'keepsRefreshToken');
    if (answer === 'unsendable') return { ...parts, accessToken: `${parts.accessToken}\n` };
    const isLost = current ? witness.ended.has(current.session) : tab.isOut || witness.reign !== undefined;
    const isLate = tab.isDisposed || signal.aborted || isLost;
    if (isLate) witness.late.add(parts.accessToken);
    else if (current) {
      witness.unsaved.add(parts.accessToken);
      this.#renewed.add(nameOf(current));
    }
    return parts;
  }
}
