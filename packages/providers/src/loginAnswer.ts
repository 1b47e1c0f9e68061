import type { TokenParts } from '@latchkey/core';

/** A number, or a string of digits, which some servers send instead. */
type Amount = number | string | null | undefined;

/**
 * What is read from the answer to a sign-in or a renewal. Each API states the expiry in its own unit; where it states none,
 * the `exp` of a JWT is used.
 */
export interface LoginAnswer {
  /** `null` or absent: a rejection. */
  readonly accessToken: string | null | undefined;
  /** Absent or `null`: the current refresh token is kept. */
  readonly refreshToken?: string | null | undefined;
  /** Seconds from the sending of the request. */
  readonly expiresInS?: Amount;
  /** Milliseconds from the sending of the request. */
  readonly expiresInMs?: Amount;
  /** Milliseconds since the epoch, or a date that `Date.parse` reads. */
  readonly expiresAt?: Amount;
  readonly refreshExpiresInS?: Amount;
  readonly refreshExpiresInMs?: Amount;
  readonly refreshExpiresAt?: Amount;
  /** Whose tokens these are, an id that never changes, where the access token does not state it: always or never. */
  readonly subject?: string | null | undefined;
}

/** The answer in the units of the core. Its other fields are what `auth.signIn` resolves to. */
export type LoginParts<Answer extends LoginAnswer> = Omit<Answer, keyof LoginAnswer> & TokenParts;

const amount = (value: Amount): number | undefined =>
  typeof value === 'string' ? (/^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined) : (value ?? undefined);

function seconds(inS: Amount, inMs: Amount): number | undefined {
  const ms = amount(inMs);
  return amount(inS) ?? (ms === undefined ? undefined : ms / 1000);
}

const timestamp = (value: Amount): number | undefined =>
  amount(value) ?? (typeof value === 'string' ? Date.parse(value) : undefined);

/** @returns `null` without an access token: a rejection */
export function partsOf<Answer extends LoginAnswer>(answer: Answer): LoginParts<Answer> | null {
  const {
    accessToken,
    refreshToken,
    expiresInS,
    expiresInMs,
    expiresAt,
    refreshExpiresInS,
    refreshExpiresInMs,
    refreshExpiresAt,
    subject,
    ...otherFields
  } = answer;
  if (accessToken == null) return null;
  return {
    ...otherFields,
    accessToken,
    refreshToken,
    expiresInS: seconds(expiresInS, expiresInMs),
    expiresAt: timestamp(expiresAt),
    refreshExpiresInS: seconds(refreshExpiresInS, refreshExpiresInMs),
    refreshExpiresAt: timestamp(refreshExpiresAt),
    subject,
  };
}
