/** The core's defaults (10 s and 2 s) can pass within a test on a busy machine: a renewal would time out, or a cool-down end. */
export const generousLimits = { renewTimeoutMs: 120_000, cooldownMs: 120_000 } as const;
