import { createTokenManager } from '../src/createTokenManager.ts';
import type { Decision } from '../src/decide.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { Waiter } from '../src/session/waitingList.ts';
import { sharedSession } from '../src/store/sharedSession.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { headerReceiver } from '../src/verdict/headerReceiver.ts';
import type { Password, SignedIn } from '../test/scriptedProvider.ts';
import { type AuthServer, type Client, renewAheadMs, robotCredentials } from './authServer.ts';
import { CooldownCheck } from './cooldownCheck.ts';
import type { Environment } from './environment.ts';
import { History, userOf } from './history.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedStorage, StoreObserver } from './simulatedStorage.ts';

/** The pause after a failed renewal. */
export const cooldownMs = 2_000;

interface Call {
  readonly controller: AbortController;
  readonly promise: Promise<TokenSet | null | undefined>;
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
export class Tab implements Client {
  readonly auth: TokenManager<Password, SignedIn>;
  readonly history: History;
  readonly cooldown: CooldownCheck;
  readonly waiters: Set<Call> = new Set();
  /** The token sets that callers have received. */
  readonly received: TokenSet[] = [];
  readonly refusedTokens: Set<string> = new Set();
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
  /** Whether a load or save failed: the store and memory may then differ. */
  storeFailed = false;
  loadFailed = false;
  readonly #storage: SimulatedStorage;
  readonly #env: Environment;
  /** Called at the end of each notification and each answer to an adapter. */
  readonly #react: (tab: Tab) => void;
  /** The token set that was refused, while it is being renewed. */
  #refusedInRenewal: TokenSet | undefined;
  readonly #users = new Map<string, string>();
  #isLoaded = false;
  isDisposed = false;

  constructor(
    scenario: Scenario,
    env: Environment,
    storage: SimulatedStorage,
    server: AuthServer,
    react: (tab: Tab) => void,
  ) {
    this.#storage = storage;
    this.#env = env;
    this.#react = react;
    const history = new History(env);
    this.history = history;
    this.cooldown = new CooldownCheck(env, cooldownMs);
    const { exclusive, restore, hasCredentials, hasStore } = scenario;
    this.#isLoaded = !hasStore;
    this.auth = createTokenManager<Password, SignedIn>({
      renew: context => server.renew(this, context),
      signIn: credentials => server.signIn(this, credentials),
      signOut: () => new Promise(() => {}),
      ...(hasCredentials && { credentials: () => env.schedule('credentials', () => robotCredentials) }),
      receive: headerReceiver(headers => headers.get('x-token')),
      cooldownMs,
      clock: env.clock,
      ...(hasStore && { store: sharedSession(storage.storeFor(this.#storeObserver())) }),
      exclusive,
      restore,
    });
    this.#observe(storage);
  }

  #storeObserver(): StoreObserver {
    const { history } = this;
    const storage = this.#storage;
    return {
      loaded: () => {
        this.#isLoaded = true;
      },
      saving: record => {
        const isDeletion = !record && storage.isShared;
        const expired = isDeletion ? history.current : undefined; // still current: the auth server has rejected it
        history.save(record);
        return before => {
          history.unsavedTokens.delete(record?.accessToken ?? '');
          if (expired) history.deleteExpired(before, expired);
        };
      },
    };
  }

  #observe(storage: SimulatedStorage): void {
    const { auth, history, cooldown } = this;
    auth.on('signedIn', ({ sessionId }) => {
      if (auth.state.sessionId === sessionId) this.isSignedOut = false; // a listener may have signed out since
      cooldown.end();
      history.beginSession(sessionId, this.#tokensOf(sessionId));
    });
    auth.on('renewed', event => {
      const tokens = this.#tokensOf(event.sessionId);
      history.renew(event, tokens?.version === event.version ? tokens.accessToken : undefined);
    });
    auth.on('signedOut', event => history.endSession(event, storage.record, !this.storeFailed));
    auth.on('renewalFailed', event => cooldown.renewalFailed(event));
    for (const name of ['signedIn', 'renewed', 'signedOut', 'renewalFailed', 'refused', 'retried'] as const)
      auth.on(name, () => this.#react(this));
    auth.on('storeFailed', ({ doing }) => {
      if (doing === 'lock') this.lockFailed = true;
      else this.storeFailed = true;
      if (doing === 'load') this.loadFailed = true;
      if (doing === 'save') history.unsavedTokens.clear();
    });
    /** A session from the first load emits no event. */
    const observeLoadedSession = () => {
      if (auth.state.status !== 'signedIn' || history.periods.length > 0) return;
      const tokens = auth.fresh(); // undefined if expired; another tab may have saved since the load
      const sessionId = (tokens ?? storage.record)?.sessionId;
      if (sessionId !== undefined) history.beginSession(sessionId, tokens);
    };
    const stateChanged = () => {
      this.#checkNotDisposed('changed its state');
      cooldown.stateChanged(auth.state);
      if (!auth.state.renewing) this.#refusedInRenewal = undefined;
      queueMicrotask(observeLoadedSession); // after the events of all other sessions
    };
    observeLoadedSession();
    stateChanged();
    auth.subscribe(() => {
      stateChanged();
      this.#react(this);
    });
  }

  get hasOneWriter(): boolean {
    return this.#storage.hasOneWriter;
  }

  recordSignIn(): void {
    this.isSignedOut = this.credentialsAreOff = false;
    this.cooldown.end();
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
    const waiter = { controller, promise };
    this.waiters.add(waiter);
    return promise.then(
      tokens => {
        this.waiters.delete(waiter);
        this.#checkNotDisposed('answered a call');
        if (tokens) this.receive(tokens, since, refused);
        this.#checkAnswer(tokens ?? null, sessionId);
        return tokens ?? undefined;
      },
      (error: unknown) => {
        this.waiters.delete(waiter);
        if (this.isDisposed && !(TokenError.is(error) && error.code === 'disposed'))
          this.#checkNotDisposed('failed a call with another error');
        this.checkError(error);
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
    this.#checkFresh();
    for (const { controller } of this.waiters)
      if (controller.signal.aborted) env.violated('an aborted caller was not rejected');
    if (this.waiters.size > 0 && !renewing && this.#isLoaded) env.violated('a caller waits without a running renewal');
    if (this.isSignedOut && status === 'signedIn') env.violated('signed in after the sign-out');
    if (this.isSignedOut && this.auth.fresh()) env.violated('a token after the sign-out');
  }

  /** Operations get the token set while it is valid, but for one that was refused and is being renewed. */
  #checkFresh(): void {
    const { auth } = this;
    const { status, renewing, expiresAt = Number.POSITIVE_INFINITY } = auth.state;
    if (renewing && this.#refusedInRenewal) {
      if (isSame(auth.fresh(), this.#refusedInRenewal))
        this.#env.violated('an operation got a refused token set while it was renewed');
    } else if (status === 'signedIn' && !renewing && this.#env.clock.now() < expiresAt - renewAheadMs) {
      if (!auth.fresh() && !this.#env.isSetBack()) this.#env.violated('an operation did not get the valid token set');
    }
  }

  dispose(): void {
    this.auth.dispose();
    this.isDisposed = true;
  }

  #checkNotDisposed(event: string): void {
    if (this.isDisposed) this.#env.violated(`a disposed token manager ${event}`);
  }
}
