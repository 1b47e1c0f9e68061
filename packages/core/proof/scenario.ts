import fc from 'fast-check';

/** The auth server's answer to a renewal. */
export type RenewalAnswer =
  | 'rotates'
  | 'keepsRefreshToken'
  | 'sameToken'
  | 'rejection'
  | 'transientFailure'
  | 'tooManyRequests'
  | 'notFound'
  | 'misconfigured'
  | 'throws'
  | 'invalidBody'
  | 'invalidToken'
  | 'neverSettles';
export type SignInAnswer = 'tokens' | 'rejection' | 'transientFailure' | 'neverSettles';
/** The API's answer to an operation. */
export type ApiAnswer = 'accepts' | 'refuses' | 'acceptsWithNewToken';
export type StoreAnswer = 'succeeds' | 'fails' | 'neverSettles';

/** An action of the program, the user, the device or another tab. */
export type Action =
  | 'fresh'
  | 'get'
  | 'runOperation'
  | 'renew'
  | 'refuseEarlierToken'
  | 'abort'
  | 'signIn'
  | 'adopt'
  | 'signOut'
  | 'advanceClock'
  | 'setClock'
  | 'renewElsewhere'
  | 'signInElsewhere'
  | 'signOutElsewhere'
  | 'damageRecord';

/** What a listener or a caller does synchronously when it is notified or answered. */
export type Reaction = 'none' | Extract<Action, 'get' | 'renew' | 'abort' | 'signIn' | 'adopt' | 'signOut'>;

export interface PlannedAction {
  readonly action: Action;
  readonly tab: number;
  /** From 0 to 1: chooses among the candidates or durations of the action. */
  readonly fraction: number;
  /** The number of microtasks before the next action of the same step. */
  readonly microtasks: number;
}

/** The options of the manager, and the environment of the session. */
export interface Setup {
  readonly tabs: 1 | 2;
  /** Without a store the session is in memory only, and there is one tab. */
  readonly hasStore: boolean;
  /** Whether the store answers asynchronously. */
  readonly isSlow: boolean;
  readonly hasLock: boolean;
  readonly hasNotices: boolean;
  readonly exclusive: boolean;
  readonly restore: boolean;
  readonly hasCredentials: boolean;
  /** Whether the store holds a session at the start. */
  readonly isSignedIn: boolean;
  /** Whether the scenario ends after all calls are answered, or with `dispose` during the pending ones. */
  readonly ends: 'answered' | 'disposed';
}

/** One scenario as plain data: the setup, the actions, and the answers of the servers and the store in order. */
export interface Scenario extends Setup {
  /** Only microtasks run between the actions of one step. */
  readonly steps: readonly (readonly PlannedAction[])[];
  readonly renewals: readonly RenewalAnswer[];
  readonly signIns: readonly SignInAnswer[];
  readonly apiAnswers: readonly ApiAnswer[];
  readonly saves: readonly StoreAnswer[];
  readonly loads: readonly StoreAnswer[];
  readonly locks: readonly StoreAnswer[];
  /** The `expiresInS` of the token sets. */
  readonly lifetimes: readonly (number | undefined)[];
  /** For each notification and each answer. */
  readonly reactions: readonly Reaction[];
}

type Weights<Choice extends string> = Readonly<Record<Choice, number>>;

function weighted<Choice extends string>(weights: Weights<Choice>): fc.Arbitrary<Choice> {
  const choices = Object.entries<number>(weights).map(([value, weight]) => ({
    weight,
    arbitrary: fc.constant(value as Choice),
  }));
  return fc.oneof(...choices);
}

const plannedAction: fc.Arbitrary<PlannedAction> = fc.record({
  action: weighted<Action>({
    fresh: 2,
    get: 4,
    runOperation: 7,
    renew: 2,
    refuseEarlierToken: 4,
    abort: 2,
    signIn: 2,
    adopt: 3,
    signOut: 2,
    advanceClock: 5,
    setClock: 1,
    renewElsewhere: 1,
    signInElsewhere: 1,
    signOutElsewhere: 1,
    damageRecord: 1,
  }),
  tab: fc.nat(1),
  fraction: fc.integer({ min: 0, max: 99 }).map(hundredths => hundredths / 100),
  microtasks: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
});

const mostly = fc.integer({ min: 0, max: 3 }).map(drawn => drawn > 0);
const rarely = mostly.map(drawn => !drawn);

const anyScenario: fc.Arbitrary<Scenario> = fc.record({
  tabs: fc.constantFrom(1, 1, 2),
  hasStore: mostly,
  isSlow: fc.boolean(),
  hasLock: fc.boolean(),
  hasNotices: fc.boolean(),
  exclusive: rarely,
  restore: rarely,
  hasCredentials: rarely,
  isSignedIn: mostly,
  ends: fc.constantFrom('answered', 'answered', 'disposed'),
  steps: fc.array(fc.array(plannedAction, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 24 }),
  renewals: fc.array(
    weighted<RenewalAnswer>({
      rotates: 8,
      keepsRefreshToken: 2,
      sameToken: 2,
      rejection: 3,
      transientFailure: 3,
      tooManyRequests: 1,
      notFound: 2,
      misconfigured: 1,
      throws: 1,
      invalidBody: 1,
      invalidToken: 1,
      neverSettles: 2,
    }),
    { maxLength: 12 },
  ),
  signIns: fc.array(weighted<SignInAnswer>({ tokens: 4, rejection: 1, transientFailure: 3, neverSettles: 1 }), {
    maxLength: 6,
  }),
  apiAnswers: fc.array(weighted<ApiAnswer>({ accepts: 4, refuses: 4, acceptsWithNewToken: 1 }), { maxLength: 16 }),
  saves: fc.array(weighted<StoreAnswer>({ succeeds: 6, fails: 1, neverSettles: 1 }), { maxLength: 12 }),
  loads: fc.array(weighted<StoreAnswer>({ succeeds: 8, fails: 1, neverSettles: 1 }), { maxLength: 12 }),
  locks: fc.array(weighted<StoreAnswer>({ succeeds: 10, fails: 1, neverSettles: 1 }), { maxLength: 8 }),
  lifetimes: fc.array(fc.constantFrom(5, 60, 60, 3600, undefined), { maxLength: 6 }),
  reactions: fc.array(weighted<Reaction>({ none: 24, get: 1, renew: 1, abort: 1, signIn: 1, adopt: 2, signOut: 2 }), {
    maxLength: 40,
  }),
});

const memory = { tabs: 1, hasLock: false, hasNotices: false, isSignedIn: false } as const;

/** `createTokenManager` throws for an `exclusive` provider with a shared store that has no lock. */
export const scenario: fc.Arbitrary<Scenario> = anyScenario.map(drawn => ({
  ...drawn,
  ...(!drawn.hasStore && memory),
  exclusive: drawn.exclusive && (drawn.hasLock || !drawn.hasNotices),
}));
