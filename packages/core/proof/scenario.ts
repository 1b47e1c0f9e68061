import fc from 'fast-check';

/** The auth server's answer to a renewal. */
export type RenewalAnswer =
  | 'rotates'
  /** After the callers have left, and before the token request ends. */
  | 'rotatesLate'
  /** The connection is dropped after the auth server has rotated the refresh token. */
  | 'answerIsLost'
  | 'keepsRefreshToken'
  | 'sameToken'
  /** The cookie is another user's by now. */
  | 'otherUser'
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
/** `withoutRecord`: nobody who has the record of the newest stamp answers. */
export type LoadAnswer = StoreAnswer | 'withoutRecord';
/**
 * `late`: it takes effect after the core has given it up. `answerIsLost`: it takes effect, and fails. `isOvertaken`: somebody
 * signs in elsewhere just before it.
 */
export type SaveAnswer = StoreAnswer | 'late' | 'answerIsLost' | 'isOvertaken';
/** `isLost`: another holder takes over, unless a token request was sent before. */
export type LockAnswer = StoreAnswer | 'isLost';

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
  | 'signOutAndAdopt'
  | 'dispose'
  | 'doubt'
  | 'advanceClock'
  | 'setClock'
  | 'renewElsewhere'
  | 'signInElsewhere'
  | 'signOutElsewhere'
  | 'staleNotice'
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
  /** `none`: memory only, and one tab. `place`: it compares as it saves. `plain`: wrapped by `sharedSession`, which compares. */
  readonly store: 'none' | 'place' | 'plain';
  /** Whether the store answers asynchronously. */
  readonly isSlow: boolean;
  /** Whether no call of the store fails. */
  readonly isReliable: boolean;
  readonly hasLock: boolean;
  readonly hasFence: boolean;
  readonly hasNotices: boolean;
  readonly exclusive: boolean;
  readonly restore: boolean;
  readonly hasCredentials: boolean;
  /** Whether the auth server states whose tokens it issues. */
  readonly hasSubjects: boolean;
  /** What a refresh token does that has a successor: it is accepted, or its family is revoked, at once or after 15 s of grace. */
  readonly reuse: 'isAccepted' | 'revokes' | 'revokesAfterGrace';
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
  readonly saves: readonly SaveAnswer[];
  readonly loads: readonly LoadAnswer[];
  readonly locks: readonly LockAnswer[];
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
    renew: 3,
    refuseEarlierToken: 4,
    abort: 2,
    signIn: 2,
    adopt: 3,
    signOut: 2,
    signOutAndAdopt: 1,
    dispose: 2,
    doubt: 1,
    advanceClock: 5,
    setClock: 1,
    renewElsewhere: 1,
    signInElsewhere: 1,
    signOutElsewhere: 1,
    staleNotice: 1,
    damageRecord: 1,
  }),
  tab: fc.nat(1),
  fraction: fc.integer({ min: 0, max: 99 }).map(hundredths => hundredths / 100),
  microtasks: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
});

const mostly = fc.integer({ min: 0, max: 3 }).map(drawn => drawn > 0);
const rarely = mostly.map(drawn => !drawn);

const setup = {
  tabs: fc.constantFrom(1 as const, 1 as const, 2 as const),
  store: fc.constantFrom('none' as const, 'place' as const, 'place' as const, 'plain' as const),
  isSlow: fc.boolean(),
  isReliable: fc.boolean(),
  hasLock: fc.boolean(),
  hasFence: fc.boolean(),
  hasNotices: fc.boolean(),
  exclusive: rarely,
  restore: rarely,
  hasCredentials: rarely,
  hasSubjects: fc.boolean(),
  reuse: fc.constantFrom('isAccepted' as const, 'revokes' as const, 'revokesAfterGrace' as const),
  isSignedIn: mostly,
  ends: fc.constantFrom('answered' as const, 'answered' as const, 'disposed' as const),
};

const anyScenario: fc.Arbitrary<Scenario> = fc.record({
  ...setup,
  steps: fc.array(fc.array(plannedAction, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 24 }),
  renewals: fc.array(
    weighted<RenewalAnswer>({
      rotates: 8,
      rotatesLate: 2,
      answerIsLost: 1,
      keepsRefreshToken: 2,
      sameToken: 2,
      otherUser: 1,
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
  apiAnswers: fc.array(weighted<ApiAnswer>({ accepts: 4, refuses: 4, acceptsWithNewToken: 2 }), { maxLength: 16 }),
  saves: fc.array(
    weighted<SaveAnswer>({ succeeds: 8, fails: 1, neverSettles: 1, late: 1, answerIsLost: 1, isOvertaken: 2 }),
    { maxLength: 12 },
  ),
  loads: fc.array(weighted<LoadAnswer>({ succeeds: 8, fails: 1, neverSettles: 1, withoutRecord: 1 }), {
    maxLength: 12,
  }),
  locks: fc.array(weighted<LockAnswer>({ succeeds: 8, fails: 1, neverSettles: 1, isLost: 3 }), { maxLength: 8 }),
  lifetimes: fc.array(fc.constantFrom(5, 60, 60, 3600, undefined), { maxLength: 6 }),
  reactions: fc.array(weighted<Reaction>({ none: 24, get: 1, renew: 1, abort: 1, signIn: 1, adopt: 2, signOut: 2 }), {
    maxLength: 40,
  }),
});

const memory = { tabs: 1, hasLock: false, hasNotices: false, isSignedIn: false } as const;

const reliable = ({ saves, locks }: Scenario) => ({
  loads: [],
  saves: saves.map(answer => (answer === 'isOvertaken' ? answer : 'succeeds')),
  locks: locks.map(answer => (answer === 'isLost' ? answer : 'succeeds')),
});

/** A plain store compares only together with the lock. An `exclusive` provider needs a lock, where there is a store. */
export const scenario: fc.Arbitrary<Scenario> = anyScenario.map(drawn => ({
  ...drawn,
  ...(drawn.store === 'none' && memory),
  ...(drawn.store === 'plain' && !drawn.hasLock && { tabs: 1 as const }),
  ...(drawn.isReliable && reliable(drawn)),
  exclusive: drawn.exclusive && (drawn.store === 'none' || drawn.hasLock),
}));
