import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import { defaults } from '../src/tokenManagerOptions.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import type { Password, SignedIn } from '../test/scriptedProvider.ts';
import { type Asker, type AuthServer, unattended } from './authServer.ts';
import type { Life } from './life.ts';
import type { Place } from './place.ts';
import { Quiet } from './quiet.ts';
import type { Surroundings } from './surroundings.ts';
import { userOf, Witness } from './witness.ts';

interface Wait {
  readonly stop: AbortController;
  readonly promise: Promise<TokenSet | null | undefined>;
}

/** A token manager, what is known of it, and who waits for it. */
export class Tab implements Asker {
  readonly auth: TokenManager<Password, SignedIn>;
  readonly witness: Witness;
  readonly quiet: Quiet;
  readonly waits: Set<Wait> = new Set();
  /** The token sets that somebody was given. */
  readonly seen: TokenSet[] = [];
  readonly refusals: Set<string> = new Set();
  /** Token sets that a refusal has brought, and until when they are not renewed unless an operation is accepted with them. */
  readonly trials: Map<TokenSet, number> = new Map();
  /** The newest that an operation was accepted with. */
  accepted: TokenSet | undefined;
  /** Somebody left without seeing what the refusal has brought. */
  hasLeavers = false;
  turn = 0;
  isOut = false;
  credentialsRest = false;
  lacksLock = false;
  /** The store could not be read or written: then it may hold something else than memory. */
  lacksStore = false;
  lacksLoads = false;
  readonly #place: Place;
  readonly #around: Surroundings;
  readonly #users = new Map<string, string>();
  #isLoaded = false;
  isDisposed = false;

  constructor(life: Life, around: Surroundings, place: Place, server: AuthServer) {
    this.#place = place;
    this.#around = around;
    const witness = new Witness(around);
    this.witness = witness;
    this.quiet = new Quiet(around, defaults.cooldownMs);
    const { exclusive, restore, isUnattended } = life;
    this.auth = createTokenManager<Password, SignedIn>({
      renew: context => server.renew(this, context),
      signIn: credentials => server.signIn(this, credentials),
      signOut: () => new Promise(() => {}),
      ...(isUnattended && { credentials: () => around.later('credentials', () => unattended) }),
      receive: headers => headers.get('x-token'),
      clock: around.clock,
      store: place.storeFor({
        loaded: () => {
          this.#isLoaded = true;
        },
        saves: record => {
          const isEnd = !record && place.isShared; // of a session that is still on here: the auth server has said no
          const ending = isEnd ? witness.reign : undefined;
          witness.saves(record);
          return before => {
            witness.unsaved.delete(record?.accessToken ?? '');
            if (ending) witness.deletes(before, ending);
          };
        },
      }),
      exclusive,
      restore,
    });
    this.#listen(place);
  }

  #listen(place: Place): void {
    const { auth, witness, quiet } = this;
    auth.on('signedIn', ({ session }) => {
      this.isOut = false;
      quiet.end();
      witness.begins(session, auth.fresh());
    });
    auth.on('renewed', event => {
      const tokens = auth.fresh();
      witness.goesOn(event, tokens?.version === event.version ? tokens.accessToken : undefined);
    });
    auth.on('signedOut', event => witness.ends(event, place.kept, !this.lacksStore));
    auth.on('renewalFailed', event => quiet.failed(event));
    auth.on('storeFailed', ({ doing }) => {
      if (doing === 'lock') this.lacksLock = true;
      else this.lacksStore = true;
      if (doing === 'load') this.lacksLoads = true;
      if (doing === 'save') witness.unsaved.clear();
    });
    /** A record that was loaded is no event. */
    const looks = () => {
      if (auth.state.status !== 'signedIn' || witness.reigns.length > 0) return;
      const tokens = auth.fresh(); // where it is not known, others may have written since
      const session = (tokens ?? place.kept)?.session;
      if (session !== undefined) witness.begins(session, tokens);
    };
    const changed = () => {
      this.#mustBeAlive('changed its state');
      quiet.changed(auth.state.renewing);
      queueMicrotask(looks); // whatever begins a session otherwise says so first
    };
    looks();
    auth.subscribe(changed);
    changed();
  }

  get isAlone(): boolean {
    return this.#place.isAlone;
  }

  /** The user is in again: an own sign-in was answered, or the application has brought tokens. */
  comesIn(): void {
    this.isOut = this.credentialsRest = false;
    this.quiet.end();
  }

  /** Somebody waits for what becomes of `ask`; after a refusal for a successor of that token set. */
  wait(
    ask: (signal: AbortSignal) => Promise<TokenSet | null | undefined> | undefined,
    refused?: TokenSet,
  ): Promise<TokenSet | undefined> {
    const stop = new AbortController();
    const since = ++this.witness.now;
    const promise = ask(stop.signal);
    if (!promise) return Promise.resolve(undefined);
    const wait = { stop, promise };
    this.waits.add(wait);
    return promise.then(
      tokens => {
        this.waits.delete(wait);
        if (tokens) this.given(tokens, since, refused);
        return tokens ?? undefined;
      },
      (error: unknown) => {
        this.waits.delete(wait);
        this.fails(error);
        return undefined;
      },
    );
  }

  given(tokens: TokenSet, since: number, refused?: TokenSet): void {
    const { wrong } = this.#around;
    this.seen.push(tokens);
    this.witness.given(tokens, since);
    const user = this.#users.get(tokens.session) ?? userOf(tokens);
    this.#users.set(tokens.session, user);
    if (user !== userOf(tokens)) wrong('a token of another user');
    if (refused && tokens.session !== refused.session) wrong('a successor in another session');
    if (tokens.accessToken === refused?.accessToken) wrong('the refused token as its own successor');
  }

  fails(error: unknown): void {
    if (!TokenError.is(error)) this.#around.wrong(`a failure that is no TokenError: ${String(error)}`);
  }

  /** What must hold whenever nothing can happen without a timer, a server or the store. */
  check(): void {
    const { wrong } = this.#around;
    const { status, renewing } = this.auth.state;
    for (const { stop } of this.waits) if (stop.signal.aborted) wrong('who has left is not answered');
    if (this.waits.size > 0 && !renewing && this.#isLoaded) wrong('somebody waits for nothing');
    if (this.isOut && status === 'signedIn') wrong('signed in after the sign-out');
    if (this.isOut && this.auth.fresh()) wrong('a token after the sign-out');
  }

  dispose(): void {
    this.auth.dispose();
    this.isDisposed = true;
  }

  #mustBeAlive(what: string): void {
    if (this.isDisposed) this.#around.wrong(`a disposed token manager ${what}`);
  }
}
