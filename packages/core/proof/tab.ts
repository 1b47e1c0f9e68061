import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import { defaults } from '../src/tokenManagerOptions.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import type { Password, SignedIn } from '../test/scriptedProvider.ts';
import { type AuthServer, type Client, robotCredentials } from './authServer.ts';
import { CooldownCheck } from './cooldownCheck.ts';
import type { Environment } from './environment.ts';
import { History, userOf } from './history.ts';
import type { Scenario } from './scenario.ts';
import type { SimulatedStorage } from './simulatedStorage.ts';

interface Waiter {
  readonly controller: AbortController;
  readonly promise: Promise<TokenSet | null | undefined>;
}

/** A token manager with its callers, and with checks of all that they observe. */
export class Tab implements Client {
  readonly auth: TokenManager<Password, SignedIn>;
  readonly history: History;
  readonly cooldown: CooldownCheck;
  readonly waiters: Set<Waiter> = new Set();
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
  readonly #users = new Map<string, string>();
  #isLoaded = false;
  isDisposed = false;

  constructor(scenario: Scenario, env: Environment, storage: SimulatedStorage, server: AuthServer) {
    this.#storage = storage;
    this.#env = env;
    const history = new History(env);
    this.history = history;
    this.cooldown = new CooldownCheck(env, defaults.cooldownMs);
    const { exclusive, restore, hasCredentials } = scenario;
    this.auth = createTokenManager<Password, SignedIn>({
      renew: context => server.renew(this, context),
      signIn: credentials => server.signIn(this, credentials),
      signOut: () => new Promise(() => {}),
      ...(hasCredentials && { credentials: () => env.schedule('credentials', () => robotCredentials) }),
      receive: headers => headers.get('x-token'),
      clock: env.clock,
      store: storage.storeFor({
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
      }),
      exclusive,
      restore,
    });
    this.#observe(storage);
  }

  #observe(storage: SimulatedStorage): void {
    const { auth, history, cooldown } = this;
    auth.on('signedIn', ({ session }) => {
      this.isSignedOut = false;
      cooldown.end();
      history.beginSession(session, auth.fresh());
    });
    auth.on('renewed', event => {
      const tokens = auth.fresh();
      history.renew(event, tokens?.version === event.version ? tokens.accessToken : undefined);
    });
    auth.on('signedOut', event => history.endSession(event, storage.record, !this.storeFailed));
    auth.on('renewalFailed', event => cooldown.renewalFailed(event));
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
      const session = (tokens ?? storage.record)?.session;
      if (session !== undefined) history.beginSession(session, tokens);
    };
    const stateChanged = () => {
      this.#checkNotDisposed('changed its state');
      cooldown.stateChanged(auth.state.renewing);
      queueMicrotask(observeLoadedSession); // after the events of all other sessions
    };
    observeLoadedSession();
    auth.subscribe(stateChanged);
    stateChanged();
  }

  get hasOneWriter(): boolean {
    return this.#storage.hasOneWriter;
  }

  recordSignIn(): void {
    this.isSignedOut = this.credentialsAreOff = false;
    this.cooldown.end();
  }

  /** Waits for `call`; after a refusal for the successor of the token set `refused`. */
  wait(
    call: (signal: AbortSignal) => Promise<TokenSet | null | undefined> | undefined,
    refused?: TokenSet,
  ): Promise<TokenSet | undefined> {
    const controller = new AbortController();
    const since = ++this.history.sequence;
    const promise = call(controller.signal);
    if (!promise) return Promise.resolve(undefined);
    const waiter = { controller, promise };
    this.waiters.add(waiter);
    return promise.then(
      tokens => {
        this.waiters.delete(waiter);
        if (tokens) this.receive(tokens, since, refused);
        return tokens ?? undefined;
      },
      (error: unknown) => {
        this.waiters.delete(waiter);
        this.checkError(error);
        return undefined;
      },
    );
  }

  receive(tokens: TokenSet, since: number, refused?: TokenSet): void {
    const env = this.#env;
    this.received.push(tokens);
    this.history.handOut(tokens, since);
    const user = this.#users.get(tokens.session) ?? userOf(tokens);
    this.#users.set(tokens.session, user);
    if (user !== userOf(tokens)) env.violated('a token of another user');
    if (refused && tokens.session !== refused.session) env.violated('a successor in another session');
    if (tokens.accessToken === refused?.accessToken) env.violated('the refused token as its own successor');
  }

  checkError(error: unknown): void {
    if (!TokenError.is(error)) this.#env.violated(`an error that is not a TokenError: ${String(error)}`);
  }

  /** The invariants that hold when all pending work needs a timer, a server or the store. */
  checkInvariants(): void {
    const env = this.#env;
    const { status, renewing } = this.auth.state;
    for (const { controller } of this.waiters)
      if (controller.signal.aborted) env.violated('an aborted caller was not rejected');
    if (this.waiters.size > 0 && !renewing && this.#isLoaded) env.violated('a caller waits without a running renewal');
    if (this.isSignedOut && status === 'signedIn') env.violated('signed in after the sign-out');
    if (this.isSignedOut && this.auth.fresh()) env.violated('a token after the sign-out');
  }

  dispose(): void {
    this.auth.dispose();
    this.isDisposed = true;
  }

  #checkNotDisposed(event: string): void {
    if (this.isDisposed) this.#env.violated(`a disposed token manager ${event}`);
  }
}
