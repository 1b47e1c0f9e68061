/** A limit on a figure, in the figure's unit or as a ratio. */
export interface Goal {
  /** The goal is missed above this value. */
  readonly atMost: number;
  /** A lower value, to aim at once the goal is met. */
  readonly wish?: number;
}

/** The goals of one client's adapter, as ratios to its peer. */
export interface AdapterGoals {
  /** One operation with a fresh token, above the bare chain. */
  readonly operation: Goal;
  /** A storm of refused operations, whatever its size. */
  readonly storm: Goal;
}

export const apolloGoals: AdapterGoals = {
  operation: { atMost: 0.55, wish: 0.4 },
  storm: { atMost: 0.36, wish: 0.3 },
};

export const urqlGoals: AdapterGoals = {
  operation: { atMost: 0.55, wish: 0.5 },
  storm: { atMost: 0.9, wish: 0.7 },
};

/** `fresh()`, as a ratio to a plain variable. */
export const freshGoal: Goal = { atMost: 2 };

/** The growth of a storm from its second largest size to its largest, as a ratio to the floor's growth. */
export const growthGoal: Goal = { atMost: 1.1, wish: 1.05 };

/** Bytes of heap that a waiting operation holds, above the floor's. */
export const heldGoal: Goal = { atMost: 150, wish: 100 };

/** Bytes of code, minified and gzipped. */
export const programGoal: Goal = { atMost: 10_500, wish: 9_600 };
export const managerGoal: Goal = { atMost: 8_800, wish: 8_000 };
export const storeGoal: Goal = { atMost: 1_700 };

/** One message of a subscription over a real socket, as a ratio to graphql-ws's own client: 0.95 of its messages per second. */
export const messageGoal: Goal = { atMost: 1 / 0.95, wish: 1 / 0.98 };
/** What `createAuthClient` adds to a program with the core and the part of its kit that it uses; without graphql-ws. */
export const socketGoal: Goal = { atMost: 2_816 };
export const reactGoal: Goal = { atMost: 1_228 };
