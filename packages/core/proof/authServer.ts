import { TokenError } from '../src/errors/tokenError.ts';
import type { RenewalReason } from '../src/session/tokenEvents.ts';
import type { RenewContext } from '../src/tokenManagerOptions.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import type { Password, SignedIn } from '../test/scriptedProvider.ts';
import type { CooldownCheck } from './cooldownCheck.ts';
import type { Environment } from './environment.ts';
import { type History, userOf } from './history.ts';
import type { RenewalAnswer, Scenario } from './scenario.ts';

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
  /** Counts the calls that begin or end a session. */
  readonly sessionChanges: number;
  /** Whether the user has signed out and not signed in again. */
  readonly isSignedOut: boolean;
  /** Whether the option `credentials` may not be used, after a sign-out. */
  readonly credentialsAreOff: boolean;
  /** Whether the lock has failed: two tabs may then renew at once. */
  readonly lockFailed: boolean;
  /** Whether no other tab writes to the store. */
  readonly hasOneWriter: boolean;
  readonly isDisposed: boolean;
  /** A sign-in of this tab was answered in time. */
  recordSignIn(): void;
}

interface TokenRequest {
  readonly client: Client;
  readonly current: TokenSet | undefined;
  readonly signal: AbortSignal;
  isAnswered: boolean;
}

const never = Number.POSITIVE_INFINITY;
/** The core treats a token set as expired when the clock was set back by more than this. */
const clockToleranceMs = 5 * 60_000;

const nameOf = ({ sessionId, version, accessToken }: TokenSet) => `${sessionId} ${version} ${accessToken}`;

/** An auth server that answers as planned, when the scheduler chooses it, and reports token requests that must not happen. */
export class AuthServer {
  readonly #scenario: Scenario;
  readonly #env: Environment;
  readonly #nextRenewal: () => RenewalAnswer;
  readonly #nextSignIn: () => Scenario['signIns'][number];
  readonly #nextLifetime: () => number | undefined;
  readonly #requests: TokenRequest[] = [];
  /** Token sets that have a successor. */
  readonly #renewed = new Set<string>();
  /** When tokens expire that were answered again: the clock may have been set back since. */
  readonly #expiries = new Map<string, number>();
  #count = 0;

  constructor(scenario: Scenario, env: Environment) {
    this.#scenario = scenario;
    this.#env = env;
    this.#nextRenewal = env.plan(scenario.renewals, 'rotates');
    this.#nextSignIn = env.plan(scenario.signIns, 'tokens');
    this.#nextLifetime = env.plan(scenario.lifetimes, 86_400);
  }

  issue(user: string, rotates = true): TokenParts {
    const accessToken = `${user}.${++this.#count}`;
    return {
      accessToken,
      expiresInS: this.#nextLifetime(),
      ...(rotates && { refreshToken: `refresh-${accessToken}` }),
    };
  }

  newUser(): string {
    return this.#scenario.hasCredentials ? robotCredentials.username : `user${++this.#count}`;
  }

  renew(client: Client, context: RenewContext): Promise<TokenParts | null> {
    this.#checkRequest(client, context);
    const { current, signal } = context;
    const request: TokenRequest = { client, current, signal, isAnswered: false };
    this.#requests.push(request);
    const answer = this.#nextRenewal();
    if (answer === 'neverSettles') return new Promise(() => {});
    if (answer === 'throws') {
      request.isAnswered = true;
      throw new Error('The provider has a bug.');
    }
    return this.#env.schedule(`renewal ${answer}`, () => {
      request.isAnswered = true;
      return this.#answer(request, answer);
    });
  }

  signIn(client: Client, { username, password }: Password): Promise<SignedIn | null> {
    const isAutomatic = password === robotCredentials.password;
    if (isAutomatic && client.credentialsAreOff) this.#env.violated('the credentials were used after the sign-out');
    if (client.isDisposed) this.#env.violated('a sign-in after dispose');
    const { sessionChanges } = client;
    const session = client.history.current?.sessionId;
    const answer = this.#nextSignIn();
    if (answer === 'neverSettles') return new Promise(() => {});
    return this.#env.schedule(`sign-in ${answer}`, () => {
      if (answer === 'transientFailure') throw new TypeError('fetch failed');
      if (answer === 'rejection') {
        if (session) client.history.rejectedSessions.add(session);
        return null;
      }
      const parts = this.issue(username);
      const isSuperseded = isAutomatic
        ? client.isSignedOut || client.history.current?.sessionId !== session
        : client.sessionChanges !== sessionChanges;
      if (client.isDisposed || isSuperseded) client.history.lateTokens.add(parts.accessToken);
      else if (!isAutomatic) client.recordSignIn();
      return parts;
    });
  }

  #checkRequest(client: Client, { current, reason }: RenewContext): void {
    const env = this.#env;
    if (client.isDisposed) env.violated('a renewal after dispose');
    const { history, lockFailed, isSignedOut, hasOneWriter } = client;
    const isConcurrent = (request: TokenRequest) =>
      request.current?.sessionId === current?.sessionId && !request.isAnswered && !request.signal.aborted;
    const concurrent = this.#requests.filter(isConcurrent);
    if (concurrent.some(request => request.client === client)) env.violated('two renewals at once in one tab');
    const holdsLock = ({ client: other }: TokenRequest) =>
      current && !other.lockFailed && !other.history.endedSessions.has(current.sessionId);
    if (this.#scenario.hasLock && !lockFailed && concurrent.some(holdsLock))
      env.violated('two renewals at once in two tabs with a lock');
    if (isSignedOut) env.violated('a renewal after the sign-out');
    if (current && !this.#isNeeded(client, current, reason)) env.violated(`an unnecessary renewal (${reason})`);
    if (reason === 'ahead' && this.#scenario.exclusive)
      env.violated('a renewal ahead of expiry with an exclusive provider');
    if (!current) return;
    if (history.endedSessions.has(current.sessionId)) env.violated('a renewal of an ended session');
    if (this.#renewed.has(nameOf(current)) && hasOneWriter) env.violated('a second renewal of one token set');
    if (history.rejectedTokenSets.has(nameOf(current)))
      env.violated('a refresh token was sent again after its rejection');
  }

  /** Whether the token set had to be renewed now, or when the renewal started: the store may have been slow in between. */
  #isNeeded(client: Client, current: TokenSet, reason: RenewalReason): boolean {
    const { accessToken, receivedAt, expiresAt = this.#expiries.get(accessToken) ?? never } = current;
    const aheadMs = Math.min(renewAheadMs, (expiresAt - receivedAt) / 5);
    const times = [this.#env.clock.now(), client.cooldown.renewingSince];
    const isExpired = times.some(now => now >= expiresAt - aheadMs / 10 || now < receivedAt - clockToleranceMs);
    if (reason === 'refused') return isExpired || client.refusedTokens.has(accessToken);
    return reason === 'ahead' ? times.some(now => now >= expiresAt - aheadMs) : reason !== 'expired' || isExpired;
  }

  #answer({ client, current, signal }: TokenRequest, answer: RenewalAnswer): TokenParts | null {
    const { history } = client;
    if (answer !== 'notFound' && history.possibleRejections < 3) history.possibleRejections = 0;
    if (answer === 'transientFailure') throw new TypeError('fetch failed');
    if (answer === 'tooManyRequests')
      throw new TokenError('unavailable', 'Too many requests.', { status: 429, retryAfterMs: 7_000 });
    if (answer === 'misconfigured') throw new TokenError('misconfigured', 'The client is unknown.');
    if (answer === 'notFound') {
      history.possibleRejections++;
      throw new TokenError('unavailable', 'Not found.', { status: 404 });
    }
    if (answer === 'invalidBody') return JSON.parse('{}') as TokenParts;
    if (answer === 'rejection') {
      if (signal.aborted || !current) return null;
      history.rejectedSessions.add(current.sessionId);
      history.rejectedTokenSets.add(nameOf(current));
      return null;
    }
    if (answer === 'sameToken' && current) {
      const { accessToken, expiresAt } = current;
      if (expiresAt !== undefined) this.#expiries.set(accessToken, expiresAt);
      return { accessToken, expiresAt };
    }
    const parts = this.issue(current ? userOf(current) : this.newUser(), answer !== 'keepsRefreshToken');
    if (answer === 'invalidToken') return { ...parts, accessToken: `${parts.accessToken}\n` };
    const isSuperseded = current
      ? history.endedSessions.has(current.sessionId)
      : client.isSignedOut || history.current !== undefined;
    if (client.isDisposed || signal.aborted || isSuperseded) history.lateTokens.add(parts.accessToken);
    else if (current) {
      if (this.#scenario.hasStore) history.unsavedTokens.add(parts.accessToken);
      this.#renewed.add(nameOf(current));
    }
    return parts;
  }
}
