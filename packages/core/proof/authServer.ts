import { TokenError } from '../src/errors/tokenError.ts';
import type { RenewalReason } from '../src/session/tokenEvents.ts';
import type { RenewContext } from '../src/tokenManagerOptions.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import type { Password, SignedIn } from '../test/scriptedProvider.ts';
import type { CooldownCheck } from './cooldownCheck.ts';
import { type Environment, requestTimeoutMs } from './environment.ts';
import { familyOf, type History, userOf } from './history.ts';
import type { RenewalAnswer, Scenario } from './scenario.ts';
import type { SimulatedStorage } from './simulatedStorage.ts';

/** The default of the option `renewAheadMs`. */
export const renewAheadMs = 60_000;

/** What the option `credentials` returns. */
export const robotCredentials: Password = { username: 'robot', password: 'a password of a robot' };

/** The state of a tab that the auth server needs for its checks. */
export interface Client {
  readonly history: History;
  readonly cooldown: CooldownCheck;
  /** Access tokens that the API has refused. */
  readonly refusedTokens: Set<string>;
  /** Access tokens that were in memory when it was doubted, and the place knew a newer one that it could not show. */
  readonly outdatedTokens: Set<string>;
  /** Counts the calls that begin or end a session. */
  readonly sessionChanges: number;
  /** Whether the user has signed out and not signed in again. */
  readonly isSignedOut: boolean;
  /** Whether the option `credentials` may not be used, after a sign-out. */
  readonly credentialsAreOff: boolean;
  /** Whether the lock of the store has failed. */
  readonly lockFailed: boolean;
  readonly isDisposed: boolean;
  /** The access token that memory holds. */
  readonly accessToken: string | undefined;
  /** Those of the session that was on at `dispose`: the answer to its token request is saved. */
  readonly tokensAtDispose: TokenSet | undefined;
  /** Access tokens that were answered after `dispose`, and have to be saved. */
  readonly mustBeSaved: Set<string>;
  /** A sign-in of this tab was answered in time. */
  recordSignIn(parts: TokenParts): void;
  /** A session may begin without a user's act, while others sign in or out. */
  recordUnattended(): void;
}

interface TokenRequest {
  readonly client: Client;
  readonly current: TokenSet | undefined;
  readonly signal: AbortSignal;
  readonly sinceElapsedMs: number;
  readonly clockSets: number;
  isAnswered: boolean;
  /** What it brings cannot reach the store: the connection was dropped, or the session has ended. */
  isLost: boolean;
}

/** The first use of a refresh token. */
interface Use {
  readonly request: TokenRequest | undefined;
  readonly at: number;
}

const never = Number.POSITIVE_INFINITY;
/** The core treats a token set as expired when the clock was set back by more than this. */
const clockToleranceMs = 5 * 60_000;
/** How long a rotated refresh token may be sent again. */
const graceMs = 15_000;
/** How long a late answer takes: longer than callers wait, and less than a token request may take. */
const lateMs = [12_000, 18_000, 28_000];

const nameOf = ({ sessionId, version, accessToken }: TokenSet) => `${sessionId} ${version} ${accessToken}`;
const rotating: readonly RenewalAnswer[] = ['rotates', 'rotatesLate', 'answerIsLost', 'keepsRefreshToken'];

/** An auth server that answers as planned, when the scheduler chooses it, and reports token requests that must not happen. */
export class AuthServer {
  readonly #scenario: Scenario;
  readonly #env: Environment;
  readonly #storage: () => SimulatedStorage;
  readonly #nextRenewal: () => RenewalAnswer;
  readonly #nextSignIn: () => Scenario['signIns'][number];
  readonly #nextLifetime: () => number | undefined;
  readonly #requests: TokenRequest[] = [];
  /** Token sets that have a successor. */
  readonly #renewed = new Set<string>();
  /** When tokens expire that were answered again: the clock may have been set back since. */
  readonly #expiries = new Map<string, number>();
  /** Refresh tokens that have a successor. */
  readonly #uses = new Map<string, Use>();
  /** Families in which the auth server accepts no refresh token any more. */
  readonly #revokedFamilies = new Set<string>();
  /** Families whose session may have ended by an answer of the auth server. */
  readonly endedFamilies: Set<string> = new Set();
  #count = 0;

  constructor(scenario: Scenario, env: Environment, storage: () => SimulatedStorage) {
    this.#scenario = scenario;
    this.#env = env;
    this.#storage = storage;
    this.#nextRenewal = env.plan(scenario.renewals, 'rotates');
    this.#nextSignIn = env.plan(scenario.signIns, 'tokens');
    this.#nextLifetime = env.plan(scenario.lifetimes, 86_400);
  }

  issue(user: string, family: string = `f${++this.#count}`, rotates = true): TokenParts {
    const accessToken = `${user}.${family}.${++this.#count}`;
    return {
      accessToken,
      expiresInS: this.#nextLifetime(),
      ...(rotates && { refreshToken: `refresh-${accessToken}` }),
      ...(this.#scenario.hasSubjects && { subject: user }),
    };
  }

  newUser(): string {
    return this.#scenario.hasCredentials ? robotCredentials.username : `user${++this.#count}`;
  }

  renew(client: Client, context: RenewContext): Promise<TokenParts | null> {
    this.#checkRequest(client, context);
    const { current, signal } = context;
    const env = this.#env;
    const request: TokenRequest = {
      client,
      current,
      signal,
      sinceElapsedMs: env.elapsedMs(),
      clockSets: env.clockSets(),
      isAnswered: false,
      isLost: false,
    };
    this.#requests.push(request);
    const answer = this.#answerOf(request);
    if (answer === 'neverSettles') {
      request.isLost = true;
      return new Promise(() => {});
    }
    if (answer === 'throws') {
      request.isAnswered = true;
      throw new Error('The provider has a bug.');
    }
    const deliver = this.#prepare(request, answer);
    const arrive = () =>
      env.schedule(`renewal ${answer}`, () => {
        request.isAnswered = true;
        return deliver();
      });
    if (answer !== 'rotatesLate') return arrive();
    const ms = lateMs[this.#count % lateMs.length] ?? 0;
    return new Promise<void>(resolve => env.clock.setTimeout(resolve, ms)).then(arrive);
  }

  signIn(client: Client, { username, password }: Password, signal: AbortSignal): Promise<SignedIn | null> {
    const isAutomatic = password === robotCredentials.password;
    if (isAutomatic && client.credentialsAreOff) this.#env.violated('the credentials were used after the sign-out');
    if (client.isDisposed) this.#env.violated('a sign-in after dispose');
    const { sessionChanges } = client;
    const session = client.history.current?.sessionId;
    if (isAutomatic) this.#checkLock(client, undefined);
    const answer = this.#nextSignIn();
    if (answer === 'neverSettles') return new Promise(() => {});
    return this.#env.schedule(`sign-in ${answer}`, () => {
      if (answer === 'transientFailure') throw new TypeError('fetch failed');
      if (answer === 'rejection') {
        if (session) client.history.rejectedSessions.add(session);
        return null;
      }
      const parts = this.issue(username);
      const sessionNow = client.isDisposed ? client.tokensAtDispose?.sessionId : client.history.current?.sessionId;
      const isSuperseded = isAutomatic
        ? client.isSignedOut || sessionNow !== session || (client.isDisposed && session === undefined)
        : client.sessionChanges !== sessionChanges || client.isDisposed;
      if (isSuperseded || signal.aborted) client.history.lateTokens.add(parts.accessToken);
      else if (!isAutomatic) client.recordSignIn(parts);
      return parts;
    });
  }

  /** Tokens may be revoked when nobody uses them or their grant any more. */
  revoke({ accessToken }: Client, revoked: TokenSet): void {
    if (accessToken !== undefined && familyOf({ accessToken }) === familyOf(revoked))
      this.#env.violated('the tokens in use were revoked');
  }

  /** Renews as a tab does that is not part of the simulation; `undefined`: another tab has renewed them already. */
  renewElsewhere(tokens: { readonly accessToken: string; readonly refreshToken?: string }): TokenParts | undefined {
    const { refreshToken = '' } = tokens;
    const family = familyOf(tokens);
    if (this.#uses.has(refreshToken) || this.#revokedFamilies.has(family)) return undefined;
    this.#uses.set(refreshToken, { request: undefined, at: this.#env.elapsedMs() });
    return this.issue(userOf(tokens), family);
  }

  /** The invariants that hold when all pending work needs a timer, a server or the store. */
  checkInvariants(): void {
    const env = this.#env;
    const now = env.elapsedMs();
    if (env.isSetBack()) return; // which delays timers
    for (const { isAnswered, signal } of this.#requests) {
      const first = this.#requests.find(request => request.signal === signal); // the second try has the same limit
      if (isAnswered || first?.clockSets !== env.clockSets()) continue;
      const ms = now - first.sinceElapsedMs;
      if (ms > requestTimeoutMs + 1_000 && !signal.aborted) env.violated('a token request did not end in time');
      if (ms < requestTimeoutMs && signal.aborted) env.violated('a token request ended too early');
    }
  }

  #checkRequest(client: Client, { current, reason }: RenewContext): void {
    const env = this.#env;
    if (client.isDisposed) env.violated('a renewal after dispose');
    const { history, isSignedOut } = client;
    this.#checkConcurrent(client, current);
    this.#checkLock(client, current);
    if (isSignedOut) env.violated('a renewal after the sign-out');
    if (current && !this.#isNeeded(client, current, reason)) env.violated(`an unnecessary renewal (${reason})`);
    if (reason === 'ahead' && this.#scenario.exclusive)
      env.violated('a renewal ahead of expiry with an exclusive provider');
    if (!current) return;
    if (history.endedSessions.has(current.sessionId)) env.violated('a renewal of an ended session');
    const mayKnow = this.#storage().hasOneWriter && !env.isSetBack(); // an act whose save does not time out delays its use
    if (this.#renewed.has(nameOf(current)) && mayKnow) env.violated('a second renewal of one token set');
    if (history.rejectedTokens.has(current.refreshToken ?? nameOf(current)))
      env.violated('a refresh token was sent again after its rejection');
  }

  /** One token request at a time: for a session in one tab, and in all tabs with a lock. */
  #checkConcurrent(client: Client, current: TokenSet | undefined): void {
    const open = this.#requests.filter(({ isAnswered, signal }) => !isAnswered && !signal.aborted);
    const isOfTab = (request: TokenRequest) =>
      request.client === client && request.current?.sessionId === current?.sessionId;
    if (open.some(isOfTab)) this.#env.violated('two renewals at once in one tab');
    if (!this.#scenario.hasLock || !current) return;
    const isOfOtherTab = (request: TokenRequest) =>
      request.current !== undefined &&
      familyOf(request.current) === familyOf(current) &&
      !request.client.history.endedSessions.has(request.current.sessionId);
    if (open.some(isOfOtherTab)) this.#env.violated('two renewals at once in two tabs with a lock');
  }

  /** Without the lock of the store a token request is sent only where two at once do no harm. */
  #checkLock(client: Client, current: TokenSet | undefined): void {
    const { hasLock, exclusive, store } = this.#scenario;
    if (store === 'none' || !hasLock || this.#storage().mayRequest(client)) return;
    if (!client.lockFailed || exclusive || current?.refreshToken !== undefined)
      this.#env.violated('a token request was sent without the lock');
  }

  /** Whether the token set had to be renewed now, or when the renewal started: the store may have been slow, the clock set. */
  #isNeeded(client: Client, current: TokenSet, reason: RenewalReason): boolean {
    const { accessToken, receivedAt, expiresAt = this.#expiries.get(accessToken) ?? never } = current;
    const aheadMs = Math.min(renewAheadMs, (expiresAt - receivedAt) / 5);
    const times = [this.#env.clock.now(), client.cooldown.renewingSince, client.history.stepStartedAt];
    const isExpired = times.some(now => now >= expiresAt - aheadMs / 10 || now < receivedAt - clockToleranceMs);
    if (client.outdatedTokens.has(accessToken)) return true;
    if (reason === 'refused') return isExpired || client.refusedTokens.has(accessToken);
    return reason === 'ahead' ? times.some(now => now >= expiresAt - aheadMs) : reason !== 'expired' || isExpired;
  }

  /** The planned answer; with detection of reuse a revoked family is rejected. */
  #answerOf({ current }: TokenRequest): RenewalAnswer {
    const { hasSubjects, hasCredentials, reuse } = this.#scenario;
    const drawn = this.#nextRenewal();
    const hasOtherUser = current && hasSubjects && !hasCredentials;
    const planned = drawn === 'otherUser' && !hasOtherUser ? 'rotates' : drawn;
    if (!current?.refreshToken || !rotating.includes(planned)) return planned;
    const answer = planned === 'keepsRefreshToken' && reuse !== 'isAccepted' ? 'rotates' : planned;
    return this.#isAccepted(current, current.refreshToken) ? answer : 'rejection';
  }

  /** Whether the auth server accepts the refresh token. One that has a successor must not be sent without a cause. */
  #isAccepted(current: TokenSet, refreshToken: string): boolean {
    const { reuse } = this.#scenario;
    const family = familyOf(current);
    if (this.#revokedFamilies.has(family)) return false;
    const use = this.#uses.get(refreshToken);
    if (!use) return true;
    if (!this.#isExcused(use)) this.#env.violated('a refresh token was sent again that has a successor');
    const isInGrace = reuse === 'revokesAfterGrace' && this.#env.elapsedMs() < use.at + graceMs;
    if (reuse === 'isAccepted' || isInGrace) return true;
    this.#revokedFamilies.add(family);
    return false;
  }

  /** What no token manager can prevent: a lost answer, and two writers without a lock, or at a store that fails or forgets. */
  #isExcused({ request }: Use): boolean {
    const { hasOneWriter, hasRace, isReliable } = this.#storage();
    if (hasRace || request?.isLost || request?.signal.aborted) return true;
    if (request?.current && request.client.history.endedSessions.has(request.current.sessionId)) return true;
    const { store, hasLock } = this.#scenario;
    if (store === 'plain' && this.#env.clockSets() > 0) return true; // it keeps no tombstones: a left session comes back
    return !hasOneWriter && !(hasLock && isReliable);
  }

  /** The auth server decides when the request arrives. @returns what happens when the answer arrives */
  #prepare(request: TokenRequest, answer: RenewalAnswer): () => TokenParts | null {
    const { current, client } = request;
    const { refreshToken } = current ?? {};
    const rotates = rotating.includes(answer) && answer !== 'keepsRefreshToken';
    if (refreshToken && rotates && !this.#uses.has(refreshToken))
      this.#uses.set(refreshToken, { request, at: this.#env.elapsedMs() });
    if (answer === 'answerIsLost') request.isLost = true;
    if (!rotates && answer !== 'keepsRefreshToken' && answer !== 'otherUser' && answer !== 'invalidToken')
      return () => this.#fail(request, answer);
    const isOfUser = current && answer !== 'otherUser';
    const parts = isOfUser
      ? this.issue(userOf(current), familyOf(current), answer !== 'keepsRefreshToken')
      : this.issue(this.newUser());
    return () => {
      if (answer === 'invalidToken') return { ...parts, accessToken: `${parts.accessToken}\n` };
      if (client.history.possibleRejections < 3) client.history.possibleRejections = 0;
      if (answer === 'answerIsLost') throw new TypeError('fetch failed');
      this.#note(request, parts, answer === 'otherUser');
      return parts;
    };
  }

  /** What becomes of the answer: it is late, or has to be saved before it is used. */
  #note({ client, current, signal }: TokenRequest, { accessToken }: TokenParts, isOfOtherUser: boolean): void {
    const { history, isDisposed, tokensAtDispose } = client;
    const { store } = this.#scenario;
    if (current && isOfOtherUser) this.endedFamilies.add(familyOf(current));
    if (!current || isOfOtherUser) client.recordUnattended();
    const isOn = current && (isDisposed ? isSameGrant(current, tokensAtDispose) : isStillOn(history, current));
    const isAwaited = current ? isOn : !isDisposed && !client.isSignedOut && history.current === undefined;
    if (!isAwaited || signal.aborted || (isDisposed && isOfOtherUser)) history.lateTokens.add(accessToken);
    else if (current && !isOfOtherUser) {
      this.#renewed.add(nameOf(current));
      if (isDisposed && store === 'place') client.mustBeSaved.add(accessToken);
      else if (!isDisposed && store !== 'none') history.mustSave(accessToken);
    }
  }

  /** The answers that bring no new token. */
  #fail({ client, current, signal }: TokenRequest, answer: RenewalAnswer): TokenParts | null {
    const { history } = client;
    if (answer !== 'notFound' && history.possibleRejections < 3) history.possibleRejections = 0;
    if (answer === 'transientFailure') throw new TypeError('fetch failed');
    if (answer === 'tooManyRequests')
      throw new TokenError('unavailable', 'Too many requests.', { status: 429, retryAfterMs: 7_000 });
    if (answer === 'misconfigured') throw new TokenError('misconfigured', 'The client is unknown.');
    if (answer === 'notFound') {
      if (++history.possibleRejections >= 3 && current) this.endedFamilies.add(familyOf(current));
      throw new TokenError('unavailable', 'Not found.', { status: 404 });
    }
    if (answer === 'rejection') {
      if (signal.aborted || !current) return null;
      history.rejectedSessions.add(current.sessionId);
      history.rejectedTokens.add(current.refreshToken ?? nameOf(current));
      this.endedFamilies.add(familyOf(current));
      if (this.#scenario.reuse !== 'isAccepted') this.#revokedFamilies.add(familyOf(current));
      return null;
    }
    if (answer !== 'sameToken' || !current) return JSON.parse('{}') as TokenParts;
    const { accessToken, expiresAt, subject } = current;
    if (expiresAt !== undefined) this.#expiries.set(accessToken, expiresAt);
    return { accessToken, expiresAt, subject };
  }
}

/** The user may have signed in anew in the same session, and others may have renewed. */
const isSameGrant = (tokens: TokenSet, other: TokenSet | undefined) =>
  tokens.sessionId === other?.sessionId &&
  (tokens.refreshToken === undefined ? nameOf(tokens) === nameOf(other) : tokens.refreshToken === other.refreshToken);
const isStillOn = (history: History, { sessionId }: TokenSet) => !history.endedSessions.has(sessionId);
