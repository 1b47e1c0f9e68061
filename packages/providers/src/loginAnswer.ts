import type { TokenParts } from '@latchkey/core';

/** A number, or a text of digits: some servers send one for the other. */
type Amount = number | string | null | undefined;

/** What is read from the answer of a sign-in or a renewal. Each API says in its own unit when a token ends, or nothing: then the token itself may. */
export interface LoginAnswer {
  /** `null` or absent: refused. */
  readonly accessToken: string | null | undefined;
  /** Absent or `null`: the one we have stays. */
  readonly refreshToken?: string | null | undefined;
  /** Seconds from the sending of the request. */
  readonly expiresInS?: Amount;
  /** Milliseconds from the sending of the request. */
  readonly expiresInMs?: Amount;
  /** Milliseconds since the epoch, or a date as text that `Date.parse` reads. */
  readonly expiresAt?: Amount;
  readonly refreshExpiresInS?: Amount;
  readonly refreshExpiresInMs?: Amount;
  readonly refreshExpiresAt?: Amount;
}

/** The same in the units of the core. What else the answer holds stays: it is for the caller of `auth.signIn`. */
export type LoginParts<Answer extends LoginAnswer> = Omit<Answer, keyof LoginAnswer> & TokenParts;

const amount = (value: Amount): number | undefined =>
  typeof value === 'string' ? (/^\d+(\.\d+)?$/.test(value) ? Number(value) : undefined) : (value ?? undefined);

function seconds(inS: Amount, inMs: Amount): number | undefined {
  const ms = amount(inMs);
  return amount(inS) ?? (ms === undefined ? undefined : ms / 1000);
}

const moment = (value: Amount): number | undefined =>
  amount(value) ?? (typeof value === 'string' ? Date.parse(value) : undefined);

/** @returns `null` without an access token: a no */
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
    ...beside
  } = answer;
  if (accessToken == null) return null;
  return {
    ...beside,
    accessToken,
    refreshToken,
    expiresInS: seconds(expiresInS, expiresInMs),
    expiresAt: moment(expiresAt),
    refreshExpiresInS: seconds(refreshExpiresInS, refreshExpiresInMs),
    refreshExpiresAt: moment(refreshExpiresAt),
  };
}
