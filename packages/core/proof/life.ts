import fc from 'fast-check';

/** What the auth server does with a renewal. */
export type RenewalAnswer =
  | 'rotates'
  | 'keepsRefreshToken'
  | 'sameToken'
  | 'no'
  | 'trouble'
  | 'busy'
  | 'missing'
  | 'misconfigured'
  | 'throws'
  | 'garbage'
  | 'unsendable'
  | 'hangs';
export type SignInAnswer = 'tokens' | 'no' | 'trouble' | 'hangs';
/** What the API does with an operation. */
export type ApiAnswer = 'takes' | 'refuses' | 'brings';
export type StoreAnswer = 'does' | 'fails' | 'hangs';

/** What a program, a user, the device or another tab may do. */
export type Act =
  | 'fresh'
  | 'get'
  | 'operate'
  | 'renewNow'
  | 'refuseOld'
  | 'abort'
  | 'signIn'
  | 'adopt'
  | 'signOut'
  | 'timePasses'
  | 'clockJumps'
  | 'othersRenew'
  | 'othersSignIn'
  | 'othersSignOut'
  | 'recordIsDamaged';

export interface Happening {
  readonly act: Act;
  readonly tab: number;
  /** Which of those there are, how long, how far: from 0 to 1. */
  readonly share: number;
  /** So many microtasks pass before the next of the same step. */
  readonly turns: number;
}

/** Where the session lives. */
export interface Circumstances {
  readonly tabs: 1 | 2;
  /** A store that answers later. */
  readonly isSlow: boolean;
  readonly hasLock: boolean;
  readonly hasNotices: boolean;
  readonly exclusive: boolean;
  readonly restore: boolean;
  readonly isUnattended: boolean;
  /** The store holds a session of an earlier page. */
  readonly isSignedIn: boolean;
  /** Whether it ends with everybody answered, or in the middle of everything. */
  readonly ends: 'answered' | 'disposed';
}

/** One life of a session, as plain data: what there is, what happens, and how the servers and the store answer, in their order. */
export interface Life extends Circumstances {
  /** Those of one step happen without anything in between but microtasks. */
  readonly steps: readonly (readonly Happening[])[];
  readonly renewals: readonly RenewalAnswer[];
  readonly signIns: readonly SignInAnswer[];
  readonly apiAnswers: readonly ApiAnswer[];
  readonly saves: readonly StoreAnswer[];
  readonly loads: readonly StoreAnswer[];
  readonly locks: readonly StoreAnswer[];
  /** Of the token sets, in seconds. */
  readonly lifetimes: readonly (number | undefined)[];
}

type Weights<Choice extends string> = Readonly<Record<Choice, number>>;

function weighted<Choice extends string>(weights: Weights<Choice>): fc.Arbitrary<Choice> {
  const choices = Object.entries<number>(weights).map(([value, weight]) => ({
    weight,
    arbitrary: fc.constant(value as Choice),
  }));
  return fc.oneof(...choices);
}

const happening: fc.Arbitrary<Happening> = fc.record({
  act: weighted<Act>({
    fresh: 2,
    get: 4,
    operate: 7,
    renewNow: 2,
    refuseOld: 4,
    abort: 2,
    signIn: 2,
    adopt: 3,
    signOut: 2,
    timePasses: 5,
    clockJumps: 1,
    othersRenew: 1,
    othersSignIn: 1,
    othersSignOut: 1,
    recordIsDamaged: 1,
  }),
  tab: fc.nat(1),
  share: fc.integer({ min: 0, max: 99 }).map(hundredths => hundredths / 100),
  turns: fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 1, arbitrary: fc.nat(12) }),
});

const often = fc.integer({ min: 0, max: 3 }).map(drawn => drawn > 0);

const anyLife: fc.Arbitrary<Life> = fc.record({
  tabs: fc.constantFrom(1, 1, 2),
  isSlow: fc.boolean(),
  hasLock: fc.boolean(),
  hasNotices: fc.boolean(),
  exclusive: often.map(not => !not),
  restore: often.map(not => !not),
  isUnattended: often.map(not => !not),
  isSignedIn: often,
  ends: fc.constantFrom('answered', 'answered', 'disposed'),
  steps: fc.array(fc.array(happening, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 24 }),
  renewals: fc.array(
    weighted<RenewalAnswer>({
      rotates: 8,
      keepsRefreshToken: 2,
      sameToken: 2,
      no: 3,
      trouble: 3,
      busy: 1,
      missing: 2,
      misconfigured: 1,
      throws: 1,
      garbage: 1,
      unsendable: 1,
      hangs: 2,
    }),
    { maxLength: 12 },
  ),
  signIns: fc.array(weighted<SignInAnswer>({ tokens: 4, no: 1, trouble: 3, hangs: 1 }), { maxLength: 6 }),
  apiAnswers: fc.array(weighted<ApiAnswer>({ takes: 4, refuses: 4, brings: 1 }), { maxLength: 16 }),
  saves: fc.array(weighted<StoreAnswer>({ does: 6, fails: 1, hangs: 1 }), { maxLength: 12 }),
  loads: fc.array(weighted<StoreAnswer>({ does: 8, fails: 1, hangs: 1 }), { maxLength: 12 }),
  locks: fc.array(weighted<StoreAnswer>({ does: 10, fails: 1, hangs: 1 }), { maxLength: 8 }),
  lifetimes: fc.array(fc.constantFrom(5, 60, 60, 3600, undefined), { maxLength: 6 }),
});

/** An `exclusive` provider is refused a store that others share without a lock. */
export const life: fc.Arbitrary<Life> = anyLife.map(drawn => ({
  ...drawn,
  exclusive: drawn.exclusive && (drawn.hasLock || !drawn.hasNotices),
}));
