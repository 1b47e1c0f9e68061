import { createTokenManager } from '../src/createTokenManager.ts';
import { TokenError } from '../src/errors/tokenError.ts';
import type { TokenManagerState } from '../src/session/snapshot.ts';
import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { Store } from '../src/store/sessionStore.ts';
import { type PlainStore, sharedSession } from '../src/store/sharedSession.ts';
import { beginningAfter, renewalAfter } from '../src/store/stamp.ts';
import type { Clock } from '../src/time/clock.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { RenewContext, TokenManagerOptions } from '../src/tokenManagerOptions.ts';
import type { TokenParts, TokenSet } from '../src/tokens/tokenSet.ts';
import { headerReceiver } from '../src/verdict/headerReceiver.ts';
import type { ResponseFacts } from '../src/verdict/responseFacts.ts';
import type { StoredRecord } from './memoryStore.ts';
import { type Settle, settleWith } from './settleWith.ts';

// Test doubles of the unit tests: a clock, an auth server and a store, each controlled by the test.

/** Resolves after all work that needs no timer. */
export const settled = (): Promise<void> => new Promise(resolve => setImmediate(resolve));

/** The result of a promise: its value (of a token set, the access token), or its error (of a `TokenError`, the code). */
export const outcome = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    value => (typeof value === 'object' && value !== null && 'accessToken' in value ? value.accessToken : value),
    (error: unknown) => (TokenError.is(error) ? error.code : error),
  );

export const minutes = 60_000;
export const hours: number = 60 * minutes;

/** A clock that only the test moves. */
export interface FakeClock extends Clock {
  /** The delays of the pending timers. */
  readonly timers: readonly number[];
  /** The number of calls of `now`. */
  readonly nowCalls: number;
  /** Changes the time without firing timers, as when a device sleeps or its clock is set. */
  jump(ms: number): void;
  /** Moves the time forward and fires the timers that are due, in order. */
  advance(ms: number): Promise<void>;
}

export function fakeClock(start: number = Date.UTC(2026, 10, 22)): FakeClock {
  let time = start;
  let lastId = 0;
  const pending = new Map<number, { readonly at: number; readonly ms: number; readonly run: () => void }>();
  const clock = {
    nowCalls: 0,
    now() {
      clock.nowCalls++;
      return time;
    },
    setTimeout(run: () => void, ms: number) {
      pending.set(++lastId, { at: time + ms, ms, run });
      return lastId;
    },
    clearTimeout(timer: unknown) {
      pending.delete(timer as number);
    },
    get timers() {
      return [...pending.values()].map(({ ms }) => ms);
    },
    jump(ms: number) {
      time += ms;
    },
    async advance(ms: number) {
      const end = time + ms;
      await settled();
      for (;;) {
        const [next] = [...pending].filter(([, { at }]) => at <= end).sort(([, a], [, b]) => a.at - b.at);
        if (!next) break;
        const [id, { at, run }] = next;
        pending.delete(id);
        time = Math.max(time, at);
        run();
        await settled();
      }
      time = end;
    },
  };
  return clock;
}

/** A call that the test answers. */
export interface Call<Argument, Answer> {
  readonly argument: Argument;
  readonly signal: AbortSignal | undefined;
  answer(value: Answer | PromiseLike<Answer>): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A callback whose calls stay pending until the test answers them, or until `always` sets a rule that answers them. */
export interface Script<Argument, Answer> {
  readonly calls: Call<Argument, Answer>[];
  /** The latest call. */
  readonly last: Call<Argument, Answer>;
  run(argument: Argument, signal?: AbortSignal): Promise<Answer>;
  always(rule: (argument: Argument) => Answer | PromiseLike<Answer>): void;
}

export function script<Argument, Answer>(): Script<Argument, Answer> {
  let always: ((argument: Argument) => Answer | PromiseLike<Answer>) | undefined;
  const calls: Call<Argument, Answer>[] = [];
  return {
    calls,
    get last() {
      const call = calls.at(-1);
      if (!call) throw new Error('The callback was not called.');
      return call;
    },
    always(rule) {
      always = rule;
    },
    run: (argument, signal) =>
      new Promise<Answer>((resolve, reject) => {
        calls.push({
          argument,
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
        if (always) resolve(Promise.resolve(argument).then(always));
      }),
  };
}

export interface Password {
  readonly username: string;
  readonly password: string;
}

/** The provider's answer to a sign-in: tokens, and a field of its own. */
export interface SignedIn extends TokenParts {
  readonly user?: string;
}

type Given = Partial<TokenManagerOptions<Password, SignedIn>>;

/** The manager's options; a plain place is wrapped by `sharedSession`, a reader of headers by `headerReceiver`. */
export interface Options extends Omit<Given, 'store' | 'receive'> {
  readonly store?: PlainStore | Store | undefined;
  readonly receive?: Parameters<typeof headerReceiver>[0];
}

const managerOptions = ({ store, receive, ...options }: Options): Given => ({
  ...options,
  ...(store && { store: typeof store === 'function' ? store : sharedSession(store) }),
  ...(receive && { receive: headerReceiver(receive) }),
});

export interface TestManager extends TokenManager<Password, SignedIn> {
  readonly settle: Settle;
}

export interface ScriptedProvider {
  readonly auth: TestManager;
  readonly clock: FakeClock;
  readonly renewals: Script<RenewContext, TokenParts | string | null>;
  readonly signIns: Script<Password, SignedIn | null>;
  readonly revocations: Script<TokenSet, unknown>;
  /** The names of the emitted events, in order. */
  readonly events: (keyof TokenEvents)[];
  /** The payloads of the emitted events, in order. */
  readonly eventPayloads: TokenEvents[keyof TokenEvents][];
  /** The states after each change, in order. */
  readonly states: TokenManagerState[];
}

export const eventNames: readonly (keyof TokenEvents)[] = [
  'signedIn',
  'renewed',
  'renewalFailed',
  'refused',
  'retried',
  'forbidden',
  'stepUp',
  'signedOut',
  'storeFailed',
];

/** A token manager on a fake clock, with the test as its auth server. */
export function scriptedProvider(options: Options = {}): ScriptedProvider {
  const clock = fakeClock();
  const renewals = script<RenewContext, TokenParts | string | null>();
  const signIns = script<Password, SignedIn | null>();
  const revocations = script<TokenSet, unknown>();
  const manager = createTokenManager<Password, SignedIn>({
    renew: context => renewals.run(context, context.signal),
    signIn: (credentials, { signal }) => signIns.run(credentials, signal),
    signOut: (tokens, { signal }) => revocations.run(tokens, signal),
    clock,
    ...managerOptions(options),
  });
  const auth = Object.assign(manager, { settle: settleWith(manager) });
  const events: (keyof TokenEvents)[] = [];
  const eventPayloads: TokenEvents[keyof TokenEvents][] = [];
  for (const name of eventNames)
    auth.on(name, event => {
      events.push(name);
      eventPayloads.push(event);
    });
  const states: TokenManagerState[] = [];
  if (!options.restore) auth.subscribe(() => void states.push(auth.state)); // the first subscriber starts the restore
  return { auth, clock, renewals, signIns, revocations, events, eventPayloads, states };
}

/** A scripted provider that is signed in for an hour with access token `A` and refresh token `rA`. */
export function signedIn(
  options: Options = {},
  parts: Partial<TokenParts> = {},
): ScriptedProvider & { readonly A: TokenSet } {
  const scripted = scriptedProvider(options);
  void scripted.auth.adopt({ accessToken: 'A', refreshToken: 'rA', expiresInS: 3600, ...parts });
  const A = scripted.auth.fresh();
  if (!A) throw new Error('The manager is not signed in.');
  scripted.events.length = scripted.eventPayloads.length = scripted.states.length = 0;
  return { ...scripted, A };
}

/** The fresh token set of a manager; throws if there is none. */
export function current(auth: Pick<TokenManager, 'fresh'>): TokenSet {
  const tokens = auth.fresh();
  if (!tokens) throw new Error('There is no fresh token set.');
  return tokens;
}

/** The time at which the fake clock starts. */
const startMs = Date.UTC(2026, 10, 22);

/** A stamp of a session that began before the test: the later session has the greater number. */
export const stampOf = (session = 1, version = 0): string =>
  [startMs - 60_000 + session, session, version, 0, 0]
    .map((part, at) => String(part).padStart([15, 10, 15, 5, 10][at] ?? 0, '0'))
    .join('-');

/** The stored record of the token `A`. */
export const recordA = (fields: Partial<StoredRecord> = {}): StoredRecord => ({
  v: 1,
  stamp: stampOf(),
  accessToken: 'A',
  refreshToken: 'rA',
  receivedAt: startMs,
  expiresAt: startMs + hours,
  ...fields,
});

/** The record that another tab or process saves when it has renewed this one. */
export const successorOf = (record: StoredRecord | null, fields: Partial<StoredRecord> = {}): StoredRecord => ({
  ...recordA(record ?? {}),
  stamp: renewalAfter(record?.stamp ?? stampOf(), startMs),
  accessToken: 'B',
  refreshToken: 'rB',
  ...fields,
});

/** The record that another tab or process saves when somebody has signed in there: in the future, as far as need be. */
export const signedInAfter = (record: StoredRecord | null, fields: Partial<StoredRecord> = {}): StoredRecord => ({
  ...recordA(),
  stamp: beginningAfter(record?.stamp, startMs),
  accessToken: 'token-of-Bob',
  refreshToken: 'r-of-Bob',
  ...fields,
});

/** A store with `load` and `save` only, which the test can answer. `record` is what was saved last. */
export interface ScriptedStore extends PlainStore {
  readonly loads: Script<void, unknown>;
  readonly saves: Script<StoredRecord | null, unknown>;
  record: StoredRecord | null;
}

export function scriptedStore(record: StoredRecord | null = null): ScriptedStore {
  const loads = script<void, unknown>();
  const saves = script<StoredRecord | null, unknown>();
  loads.always(() => store.record);
  saves.always(() => true);
  const store: ScriptedStore = {
    record,
    loads,
    saves,
    load: () => loads.run(),
    async save(stored) {
      const next = stored as StoredRecord | null;
      await saves.run(next);
      store.record = next;
    },
  };
  return store;
}

/** The facts of an operation that the API refused. */
export const refusal = (sent: TokenSet | null, facts: Partial<ResponseFacts> = {}): ResponseFacts => ({
  sent,
  kind: 'query',
  operation: 'a query',
  status: 401,
  ...facts,
});

/** The facts of an operation that the API answered with data. */
export const success = (sent: TokenSet | null, facts: Partial<ResponseFacts> = {}): ResponseFacts => ({
  sent,
  kind: 'query',
  operation: 'a query',
  status: 200,
  data: { me: 'Ann' },
  ...facts,
});

/** A JWT with a payload (a JSON string, or a value to stringify) and an invalid signature. */
export function jwt(payload: unknown): string {
  const part = (json: string) => Buffer.from(json).toString('base64url');
  return [part('{"alg":"none"}'), part(typeof payload === 'string' ? payload : JSON.stringify(payload)), 'c2ln'].join(
    '.',
  );
}
