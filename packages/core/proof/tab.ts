import { createTokenManager } from '../src/createTokenManager.ts';
import type { Decision } from '../src/decide.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { Waiter } from '../src/session/waitingList.ts';
import type { StoreCall } from '../src/store/place.ts';
import type { TokenRecord } from '../src/store/tokenRecord.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import { headerReceiver } from '../src/verdict/headerReceiver.ts';
import { type Password, type SignedIn, settled } from '../test/scriptedProvider.ts';
import { type AuthServer, type Client, renewAheadMs, robotCredentials } from './authServer.ts';
import { CooldownCheck } from './cooldownCheck.ts';
import { type Environment, lockWaitMs, renewTimeoutMs } from './environment.ts';
import { familyOf, History, userOf } from './history.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedStorage, StoreUser } from './simulatedStorage.ts';

/** The pause after a failed renewal. */
export const cooldownMs = 2_000;

interface Call {
  readonly controller: AbortController;
  readonly promise: Promise<TokenSet | null | undefined>;
  readonly sinceElapsedMs: number;
  readonly clockSets: number;
}

export interface ActOptions {
  /** The clock of who acts is ahead. */
  readonly isAhead?: boolean;
  /** Whether it is known to come after all others. */
  readonly isCertain?: boolean;
}

/** A user has signed in, with tokens of this family, or out. */
export type NoteAct = (by: object, family: string | null, options?: ActOptions) => void;

/** What is around a tab. */
export interface Surroundings {
  readonly env: Environment;
  readonly storage: SimulatedStorage;
  readonly server: AuthServer;
  /** Called at the end of each notification and each answer to an adapter. */
  readonly react: (tab: Tab) => void;
  readonly noteAct: NoteAct;
}

interface WaitOptions {
  /** The token set whose successor the caller waits for. */
  readonly refused?: TokenSet | undefined;
}

const isSame = (
  one: Partial<History['current'] & object> | null | undefined,
  { sessionId, version, accessToken }: TokenSet,
) => one?.sessionId === sessionId && one.version === version && one.accessToken === accessToken;

/** A token manager with its callers, and with checks of all that they observe. */
export class Tab implements Client, StoreUser {
  readonly auth: TokenManager<Password, SignedIn>;
  readonly history: History;
  readonly cooldown: CooldownCheck;
  readonly waiters: Set<Call> = new Set();
  /** The token sets that callers have received. */
  readonly received: TokenSet[] = [];
  readonly refusedTokens: Set<string> = new Set();
  readonly outdatedTokens: Set<string> = new Set();
  /** The access tokens of the user's sign-ins. */
  readonly broughtByUser: Set<string> = new Set();
  /** The end of the cool-down of the token sets that followed a refusal: until then only a success allows a renewal. */
  readonly unprovenUntil: Map<TokenSet, number> = new Map();
  /** The latest token set with which an operation succeeded. */
  proven: TokenSet | undefined;
  /** Whether a caller aborted, so that its successor was not recorded in `unprovenUntil`. */
  hasAborted = false;
  sessionChanges = 0;
  isSignedOut = false;
  credentialsAreOff = false;
  lockFailed = false;
  isDisposed = false;
  endsAfterDispose = false;
  /** Disposed of, and what had happened before was handled. */
  #isQuiet = false;
  tokensAtDispose: TokenSet | undefined;
  readonly mustBeSaved: Set<string> = new Set();
  /** Whether `signOut` is being called. */
  isSigningOut = false;
  /** Whether memory may be old, until the place has been looked at. */
  isDoubted = false;
  /** The kinds of calls of the store whose failure was reported, and of those that succeeded, each with the step. */
  readonly #reported = new Map<StoreCall, number>();
  readonly #succeeded = new Map<StoreCall, number>();
  #steps = 0;
  /** The place has refused to keep the end of the session, until it was looked at. */
  #mustNotExpire = false;
  readonly #storage: SimulatedStorage;
  readonly #env: Environment;
  readonly #react: (tab: Tab) => void;
  /** The token set that was refused, while it is being renewed. */
  #refusedInRenewal: TokenSet | undefined;
  readonly #users = new Map<string, string>();
  /** The longest wait of a caller. */
  readonly #longestWaitMs: number;
  readonly #noteAct: Surroundings['noteAct'];

  constructor(scenario: Scenario, { env, storage, server, react, noteAct }: Surroundings) {
    this.#env = env;
    this.#storage = storage;
    this.#react = react;
    this.#noteAct = noteAct;
    this.history = new History(env, accessToken => storage.stampsOf(accessToken));
    this.cooldown = new CooldownCheck(env, cooldownMs);
    const { exclusive, restore, hasCredentials } = scenario;
    const hasStore = scenario.store !== 'none';
    this.#longestWaitMs = (hasStore ? lockWaitMs : renewTimeoutMs) + renewTimeoutMs + 2_000;
    this.auth = createTokenManager<Password, SignedIn>({
      renew: context => server.renew(this, context),
      signIn: (credentials, { signal }) => server.signIn(this, credentials, signal),
      signOut: tokens => {
        server.revoke(this, tokens);
        return new Promise(() => {});
      },
      ...(hasCredentials && { credentials: () => env.schedule('credentials', () => robotCredentials) }),
      receive: headerReceiver(headers => headers.get('x-token')),
      cooldownMs,
      clock: env.clock,
      ...(hasStore && { store: storage.storeFor(this) }),
      exclusive,
      restore,
    });
    this.#observe(storage);
  }

  get tokenToExpire(): string | undefined {
    return this.isSigningOut || this.isDisposed ? undefined : this.history.current?.accessToken;
  }

  storeSucceeded(doing: 'load' | 'save'): void {
    if (doing === 'load') this.storeIsBack(); // an answer may be late
    this.#succeeded.set(doing, this.#steps);
    if (doing === 'load') this.#mustNotExpire = false;
  }

  storeFailed(): void {
    this.history.storeFailed();
    this.#mustNotExpire = false;
  }

  storeIsBack(): void {
    this.cooldown.storeIsBack();
  }

  storeHasNoRecord(): void {
    const { accessToken } = this;
    if (this.isDoubted && accessToken !== undefined) this.outdatedTokens.add(accessToken);
  }

  endRefused(): void {
    this.#mustNotExpire = true;
  }

  saving({ accessToken }: TokenRecord): void {
    if (this.history.lateTokens.has(accessToken)) this.#env.violated('a late token was saved');
    this.mustBeSaved.delete(accessToken);
  }

  saved({ accessToken }: TokenRecord): void {
    this.history.saved(accessToken);
  }

  #observe(storage: SimulatedStorage): void {
    const { auth, history, cooldown } = this;
    auth.on('signedIn', ({ sessionId }) => {
      if (auth.state.sessionId === sessionId) this.isSignedOut = false; // a listener may have signed out since
      cooldown.end();
      const tokens = this.#tokensOf(sessionId);
      history.beginSession(sessionId, tokens?.version === 1 ? tokens : undefined); // a listener may have adopted others
    });
    auth.on('renewed', event => {
      if (history.periods.length === 0) history.beginSession(event.sessionId, undefined); // a listener was faster
      const tokens = this.#tokensOf(event.sessionId);
      history.renew(event, tokens?.version === event.version ? tokens.accessToken : undefined);
    });
    auth.on('signedOut', event => {
      history.endSession(event);
      if (event.reason === 'expired' && this.#mustNotExpire && storage.isReliable)
        this.#env.violated('a session expired although the store held a newer token set');
    });
    auth.on('renewalFailed', event => cooldown.renewalFailed(event));
    for (const name of ['signedIn', 'renewed', 'signedOut', 'renewalFailed', 'refused', 'retried'] as const)
      auth.on(name, () => this.#react(this));
    auth.on('storeFailed', ({ doing }) => {
      if (doing === 'lock') this.lockFailed = true;
      else if ((this.#succeeded.get(doing) ?? -1) < (this.#reported.get(doing) ?? -1))
        this.#env.violated('a failure of the store was reported twice');
      this.#reported.set(doing, this.#steps);
    });
    const stateChanged = () => {
      if (this.isDisposed) this.#env.violated('a disposed token manager changed its state');
      cooldown.stateChanged(auth.state);
      if (!auth.state.renewing) this.#refusedInRenewal = undefined;
      queueMicrotask(() => this.#observeLoadedSession()); // after the events of all other sessions
    };
    this.#observeLoadedSession();
    stateChanged();
    auth.subscribe(() => {
      stateChanged();
      this.#react(this);
    });
  }

  /** A session from the first load emits no event. */
  #observeLoadedSession(): void {
    const { auth, history } = this;
    const { status, sessionId } = auth.state;
    if (status !== 'signedIn' || sessionId === undefined || history.periods.length > 0) return;
    history.beginSession(sessionId, this.#tokensOf(sessionId));
  }

  recordSignIn(parts: TokenParts): void {
    this.isSignedOut = this.credentialsAreOff = false;
    this.broughtByUser.add(parts.accessToken);
    this.cooldown.end();
    this.#noteAct(this, familyOf(parts));
  }

  recordUnattended(): void {
    this.#noteAct(this, null, { isCertain: false });
  }

  /** The present token set, if it is of this session: a listener may have signed in since. */
  #tokensOf(sessionId: string): TokenSet | null | undefined {
    const tokens = this.auth.fresh();
    return tokens?.sessionId === sessionId ? tokens : undefined;
  }

  /** Waits for `call`. */
  wait(
    call: (signal: AbortSignal) => Promise<TokenSet | null | undefined> | undefined,
    { refused }: WaitOptions = {},
  ): Promise<TokenSet | undefined> {
    const controller = new AbortController();
    const since = ++this.history.sequence;
    const sessionId = this.auth.state.sessionId;
    const promise = call(controller.signal);
    if (!promise) return Promise.resolve(undefined);
    const env = this.#env;
    const waiter = { controller, promise, sinceElapsedMs: env.elapsedMs(), clockSets: env.clockSets() };
    this.waiters.add(waiter);
    return promise.then(
      tokens => {
        this.waiters.delete(waiter);
        if (this.#isQuiet) env.violated('a disposed token manager answered a call');
        if (tokens) this.receive(tokens, since, refused);
        this.#checkAnswer(tokens ?? null, sessionId);
        return tokens ?? undefined;
      },
      (error: unknown) => {
        this.waiters.delete(waiter);
        if (this.#isQuiet) env.violated('a disposed token manager failed a call');
        const { signal } = controller;
        if (!signal.aborted || error !== signal.reason) this.checkError(error); // as fetch fails
        return undefined;
      },
    );
  }

  /** Waits as an adapter does, without a promise of the core: it reacts to its answer synchronously. */
  waitAsAdapter(
    call: (waiter: Waiter<TokenSet | null>, signal: AbortSignal) => Decision,
    refused?: TokenSet,
  ): Promise<TokenSet | undefined> {
    const sessionId = this.auth.state.sessionId;
    return this.wait(
      signal => {
        let isAnswered = false;
        let waiter!: Waiter<TokenSet | null>;
        const promise = new Promise<TokenSet | null>((resolve, reject) => {
          const answered = () => {
            if (isAnswered) this.#env.violated('an adapter was answered twice');
            isAnswered = true;
            this.#react(this);
          };
          waiter = {
            resume: tokens => {
              resolve(tokens);
              this.#checkAnswer(tokens, sessionId);
              this.#checkPresent(tokens);
              answered();
            },
            fail: error => {
              reject(error as Error);
              answered();
            },
          };
        });
        const decision = call(waiter, signal);
        return decision === 'wait' ? promise : decision && Promise.reject(decision);
      },
      { refused },
    );
  }

  /** A caller is answered by the session in which it has called. */
  #checkAnswer(tokens: TokenSet | null, sessionId: string | undefined): void {
    if (sessionId !== undefined && tokens?.sessionId !== sessionId)
      this.#env.violated('a caller was answered by another session');
  }

  /** An adapter is answered by the session as it is when the answer is given. */
  #checkPresent(tokens: TokenSet | null): void {
    if (this.auth.state.sessionId !== tokens?.sessionId)
      this.#env.violated('an adapter was answered by a session that had ended');
  }

  receive(tokens: TokenSet, since: number, refused?: TokenSet): void {
    const env = this.#env;
    this.#observeLoadedSession();
    this.received.push(tokens);
    this.history.handOut(tokens, since);
    const user = this.#users.get(tokens.sessionId) ?? userOf(tokens);
    this.#users.set(tokens.sessionId, user);
    if (user !== userOf(tokens)) env.violated('a token of another user');
    if (refused && tokens.sessionId !== refused.sessionId) env.violated('a successor in another session');
    if (tokens.accessToken === refused?.accessToken) env.violated('the refused token as its own successor');
  }

  checkError(error: unknown): void {
    if (!TokenError.is(error)) this.#env.violated(`an error that is not a TokenError: ${String(error)}`);
  }

  /** Notes that the token set is being renewed after a refusal, if it is the present one. */
  refusalIsRenewed(refused: TokenSet): void {
    if (isSame(this.history.current, refused) && this.auth.state.renewing) this.#refusedInRenewal = refused;
  }

  /** The invariants that hold when all pending work needs a timer, a server or the store. */
  checkInvariants(): void {
    const env = this.#env;
    const { status, renewing } = this.auth.state;
    this.#steps++;
    this.#checkFresh();
    for (const { controller, sinceElapsedMs, clockSets } of this.waiters) {
      if (controller.signal.aborted) env.violated('an aborted caller was not rejected');
      const isLong = env.elapsedMs() > sinceElapsedMs + this.#longestWaitMs && clockSets === env.clockSets();
      if (isLong) env.violated('a caller waited longer than its limit');
    }
    const isUnknown = this.auth.manager().session.state.status === 'loading' || this.isDoubted;
    const isAsked = isUnknown || this.#storage.isLoading(this) || env.isSetBack();
    if (this.waiters.size > 0 && !renewing && !isAsked) env.violated('a caller waits without a running renewal');
    if (this.isSignedOut && status === 'signedIn') env.violated('signed in after the sign-out');
    if (this.isSignedOut && this.auth.fresh()) env.violated('a token after the sign-out');
  }

  /** Operations get the token set while it is valid, but for one that was refused and is being renewed. */
  #checkFresh(): void {
    const { auth } = this;
    if (this.isDoubted || this.outdatedTokens.has(this.accessToken ?? '')) return;
    const { status, renewing, expiresAt = Number.POSITIVE_INFINITY } = auth.state;
    if (renewing && this.#refusedInRenewal) {
      if (isSame(auth.fresh(), this.#refusedInRenewal))
        this.#env.violated('an operation got a refused token set while it was renewed');
    } else if (status === 'signedIn' && !renewing && this.#env.clock.now() < expiresAt - renewAheadMs) {
      if (!auth.fresh() && !this.#env.isSetBack()) this.#env.violated('an operation did not get the valid token set');
    }
  }

  dispose(): void {
    this.tokensAtDispose = this.auth.manager().session.state.tokens;
    this.auth.dispose();
    this.isDisposed = true;
    void settled().then(() => {
      this.#isQuiet = true;
    });
  }

  /** The access token that memory holds. */
  get accessToken(): string | undefined {
    return this.auth.manager().session.state.tokens?.accessToken;
  }
}
