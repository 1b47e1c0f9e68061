import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { TokenManagerState } from '../src/session/snapshot.ts';
import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { TokenRecord, TokenStore } from '../src/store/tokenStore.ts';
import type { Clock } from '../src/time/clock.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { RenewContext, TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import type { ResponseFacts } from '../src/verdict/responseFacts.ts';

// What the unit tests of this package share: a clock, an auth server and a store that do what the test says.

/** Lets everything happen that can happen without a timer. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** What became of a promise: its value, a token set as its access token; or the code of the `TokenError`. */
export const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    value => (typeof value === 'object' && value !== null && 'accessToken' in value ? value.accessToken : value),
    (error: unknown) => (TokenError.is(error) ? error.code : error),
  );

export const minutes = 60_000;
export const hours: number = 60 * minutes;

/** A clock that stands still until the test moves it. */
export interface FakeClock extends Clock {
  /** The delays of the timers that wait. */
  readonly timers: readonly number[];
  /** How often the time was asked for. */
  readonly asked: number;
  /** Moves the time as when a device sleeps or is set: no timer fires. */
  jump(ms: number): void;
  /** Lets time pass: timers fire in their order. */
  advance(ms: number): Promise<void>;
}

export function fakeClock(start: number = Date.UTC(2026, 10, 22)): FakeClock {
  let time = start;
  let lastId = 0;
  const waiting = new Map<number, { readonly at: number; readonly ms: number; readonly run: () => void }>();
  const clock = {
    asked: 0,
    now() {
      clock.asked++;
      return time;
    },
    setTimeout(run: () => void, ms: number) {
      waiting.set(++lastId, { at: time + ms, ms, run });
      return lastId;
    },
    clearTimeout(timer: unknown) {
      waiting.delete(timer as number);
    },
    get timers() {
      return [...waiting.values()].map(({ ms }) => ms);
    },
    jump(ms: number) {
      time += ms;
    },
    async advance(ms: number) {
      const end = time + ms;
      await settled();
      for (;;) {
        const [next] = [...waiting].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (!next) break;
        const [id, { at, run }] = next;
        waiting.delete(id);
        time = Math.max(time, at);
        run();
        await settled();
      }
      time = end;
    },
  };
  return clock;
}

/** A call that waits for the test to answer it. */
export interface Call<Given, Answer> {
  readonly given: Given;
  readonly signal: AbortSignal | undefined;
  answer(value: Answer | PromiseLike<Answer>): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A callback whose calls are held until the test answers them, or answered by a rule from `always` on. */
export interface Script<Given, Answer> {
  readonly calls: Call<Given, Answer>[];
  /** The newest call. */
  readonly last: Call<Given, Answer>;
  run(given: Given, signal?: AbortSignal): Promise<Answer>;
  always(rule: (given: Given) => Answer | PromiseLike<Answer>): void;
}

export function script<Given, Answer>(): Script<Given, Answer> {
  let always: ((given: Given) => Answer | PromiseLike<Answer>) | undefined;
  const calls: Call<Given, Answer>[] = [];
  return {
    calls,
    get last() {
      const call = calls.at(-1);
      if (!call) throw new Error('There was no call.');
      return call;
    },
    always(rule) {
      always = rule;
    },
    run: (given, signal) =>
      new Promise<Answer>((resolve, reject) => {
        calls.push({
          given,
          signal,
          answer(value) {
            resolve(value);
            return settled();
          },
          fail(error) {
            reject(error as Error);
            return settled();
          },
        });
        if (always) resolve(Promise.resolve(given).then(always));
      }),
  };
}

export interface Password {
  readonly username: string;
  readonly password: string;
}

/** A sign-in that answers more than tokens. */
export interface SignedIn extends TokenParts {
  readonly user?: string;
}

export type Options = Partial<TokenManagerOptions<Password, SignedIn>>;

export interface ScriptedProvider {
  readonly auth: TokenManager<Password, SignedIn>;
  readonly clock: FakeClock;
  readonly renewals: Script<RenewContext, TokenParts | string | null>;
  readonly signIns: Script<Password, SignedIn | null>;
  readonly revocations: Script<TokenSet, unknown>;
  /** The names of the events, in their order. */
  readonly events: (keyof TokenEvents)[];
  /** What they said. */
  readonly said: TokenEvents[keyof TokenEvents][];
  /** Each state, from the first change on. */
  readonly states: TokenManagerState[];
}

export const eventNames: readonly (keyof TokenEvents)[] = [
  'signedIn',
  'renewed',
  'renewalFailed',
  'refused',
  'repeated',
  'forbidden',
  'stepUp',
  'signedOut',
  'storeFailed',
];

/** A token manager on a fake clock whose auth server is the test. */
export function scriptedProvider(options: Options = {}): ScriptedProvider {
  const clock = fakeClock();
  const renewals = script<RenewContext, TokenParts | string | null>();
  const signIns = script<Password, SignedIn | null>();
  const revocations = script<TokenSet, unknown>();
  const auth = createTokenManager<Password, SignedIn>({
    renew: context => renewals.run(context, context.signal),
    signIn: (credentials, { signal }) => signIns.run(credentials, signal),
    signOut: (tokens, { signal }) => revocations.run(tokens, signal),
    clock,
    ...options,
  });
  const events: (keyof TokenEvents)[] = [];
  const said: TokenEvents[keyof TokenEvents][] = [];
  for (const name of eventNames)
    auth.on(name, event => {
      events.push(name);
      said.push(event);
    });
  const states: TokenManagerState[] = [];
  if (!options.restore) auth.subscribe(() => void states.push(auth.state)); // the first subscriber starts the restoring
  return { auth, clock, renewals, signIns, revocations, events, said, states };
}

/** The same, signed in with the token `A`, refresh token `rA`, for an hour. */
export function signedIn(
  options: Options = {},
  parts: Partial<TokenParts> = {},
): ScriptedProvider & { readonly A: TokenSet } {
  const scripted = scriptedProvider(options);
  void scripted.auth.adopt({ accessToken: 'A', refreshToken: 'rA', expiresInS: 3600, ...parts });
  const A = scripted.auth.fresh();
  if (!A) throw new Error('It is not signed in.');
  scripted.events.length = scripted.said.length = scripted.states.length = 0;
  return { ...scripted, A };
}

/** The token set that may be sent now. */
export function current(auth: Pick<TokenManager, 'fresh'>): TokenSet {
  const tokens = auth.fresh();
  if (!tokens) throw new Error('There is no fresh token set.');
  return tokens;
}

/** What a store would hold of the token `A`. */
export const recordA = (fields: Partial<TokenRecord> = {}): TokenRecord => ({
  v: 1,
  session: 'session-1',
  version: 1,
  accessToken: 'A',
  refreshToken: 'rA',
  receivedAt: Date.UTC(2026, 10, 22),
  expiresAt: Date.UTC(2026, 10, 22) + hours,
  ...fields,
});

/** A store of plain `load` and `save`, whose answers the test may hold. What is kept changes when `save` answers. */
export interface HeldStore extends TokenStore {
  readonly loads: Script<void, TokenRecord | null>;
  readonly saves: Script<TokenRecord | null, boolean>;
  kept: TokenRecord | null;
}

export function heldStore(kept: TokenRecord | null = null): HeldStore {
  const loads = script<void, TokenRecord | null>();
  const saves = script<TokenRecord | null, boolean>();
  loads.always(() => store.kept);
  saves.always(() => true);
  const store: HeldStore = {
    kept,
    loads,
    saves,
    load: () => loads.run(),
    save: async record => {
      const saved = await saves.run(record);
      if (saved) store.kept = record;
      return saved;
    },
  };
  return store;
}

/** An operation whose token the server did not take. */
export const refusal = (sent: TokenSet | null, facts: Partial<ResponseFacts> = {}): ResponseFacts => ({
  sent,
  kind: 'query',
  operation: 'a query',
  status: 401,
  ...facts,
});

/** An operation that the server answered. */
export const success = (sent: TokenSet | null, facts: Partial<ResponseFacts> = {}): ResponseFacts => ({
  sent,
  kind: 'query',
  operation: 'a query',
  status: 200,
  data: { me: 'Ann' },
  ...facts,
});

/** A JWT with this payload, given as JSON text or as what becomes of it; nobody checks its signature. */
export function jwt(payload: unknown): string {
  const part = (text: string) => Buffer.from(text).toString('base64url');
  return [part('{"alg":"none"}'), part(typeof payload === 'string' ? payload : JSON.stringify(payload)), 'c2ln'].join(
    '.',
  );
}
