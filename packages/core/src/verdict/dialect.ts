import { type Challenge, parseChallenges } from '../tokens/parseChallenges.ts';
import type { GraphQLErrorLike, ResponseFacts } from './responseFacts.ts';

/** What a response states about the token that was sent. */
export type Verdict = 'ok' | 'unauthenticated' | 'forbidden' | 'stepUp';

/** How one API answers an unauthenticated and a forbidden operation: a row of a table. Extend one by spreading it. */
export interface Dialect {
  /** Verdicts by error code, compared whole. */
  readonly codes: Readonly<Record<string, Verdict>>;
  /** Verdicts by HTTP status. */
  readonly statuses: Readonly<Record<number, Verdict>>;
  /** Verdicts by the whole message of an error without a code: trimmed, in lower case, without a full stop at the end. */
  readonly messages: Readonly<Record<string, Verdict>>;
  /** Verdicts by the code with which a socket was closed. @defaultValue 4401 and 4403 are `unauthenticated` */
  readonly closeCodes?: Readonly<Record<number, Verdict>>;
  /** The verdict on an operation without an answer: a page cannot see a 401 without CORS headers. @defaultValue 'ok' */
  readonly networkError?: Verdict;
  /** Where an error carries its code. @defaultValue `extensions.code` */
  readonly codeOf?: (error: GraphQLErrorLike) => unknown;
  /** Judges each error first; `undefined` leaves it to the tables. */
  readonly judgeError?: (error: GraphQLErrorLike) => Verdict | undefined;
  /** Judges the whole response first; `undefined` leaves it to the tables. */
  readonly judge?: (facts: ResponseFacts) => Verdict | undefined;
  /** Errors never have a `path`, so its absence proves nothing about the other root fields. @defaultValue false */
  readonly errorsLackPaths?: boolean;
  /** The server checks the token before any resolver runs, so a mutation that was refused and has no data has done nothing. @defaultValue false */
  readonly refusesBeforeResolver?: boolean;
}

export const defaultDialect: Dialect = {
  codes: {
    FORBIDDEN: 'forbidden',
    AUTH_NOT_AUTHORIZED: 'forbidden',
    KS_ACCESS_DENIED: 'forbidden',
    UNAUTHENTICATED: 'unauthenticated',
    AUTH_NOT_AUTHENTICATED: 'unauthenticated',
    'invalid-jwt': 'unauthenticated',
    TOKEN_EXPIRED: 'unauthenticated',
  },
  statuses: { 401: 'unauthenticated', 403: 'forbidden' },
  messages: {
    unauthorized: 'unauthenticated',
    unauthenticated: 'unauthenticated',
  },
};

/** Of graphql-ws and Spring for GraphQL. */
const usualCloseCodes: Readonly<Record<number, Verdict>> = { 4401: 'unauthenticated', 4403: 'unauthenticated' };

/** @see RFC 6750 section 3.1, RFC 9470 section 3 */
const challengeErrors: Readonly<Record<string, Verdict>> = {
  invalid_token: 'unauthenticated',
  insufficient_scope: 'forbidden',
  insufficient_user_authentication: 'stepUp',
};

const own = <T>(table: Readonly<Record<string | number, T>>, key: unknown): T | undefined =>
  typeof key === 'string' || typeof key === 'number' ? (Object.hasOwn(table, key) ? table[key] : undefined) : undefined;

/** The errors, where they are a list: some servers send a string. */
export const errorsIn = ({ errors }: Pick<ResponseFacts, 'errors'>): readonly GraphQLErrorLike[] =>
  Array.isArray(errors) ? errors : [];

/** The verdict of one error. */
export function judgeError(error: GraphQLErrorLike | null, dialect: Dialect): Verdict | undefined {
  if (typeof error !== 'object' || error === null) return undefined;
  const first = dialect.judgeError?.(error);
  if (first) return first;
  const code = dialect.codeOf ? dialect.codeOf(error) : error.extensions?.code;
  if (code != null) return own(dialect.codes, code);
  const { message } = error;
  return typeof message === 'string'
    ? own(dialect.messages, message.trim().toLowerCase().replace(/\.$/, ''))
    : undefined;
}

/** The challenges of a server that refused the request; a 407 comes from a proxy. */
function tokenChallenges({ status = 0, challenge }: ResponseFacts): Challenge['params'][] {
  if (!challenge || status < 400 || status === 407) return [];
  return parseChallenges(challenge)
    .filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop')
    .map(({ params }) => params);
}

const judgeChallenge = ({ error }: Challenge['params']) => own(challengeErrors, error);

/** The parameters of the challenge that has this verdict; empty where there is no challenge. */
export function challengeOf(facts: ResponseFacts, verdict: Verdict): Challenge['params'] {
  const challenges = tokenChallenges(facts);
  return challenges.find(challenge => judgeChallenge(challenge) === verdict) ?? challenges[0] ?? {};
}

const gravity: Readonly<Record<Verdict, number>> = { ok: 0, unauthenticated: 1, forbidden: 2, stepUp: 3 };
const graver = (one: Verdict, other: Verdict = 'ok'): Verdict => (gravity[other] > gravity[one] ? other : one);

/**
 * The verdict on a response. Pure. `forbidden` anywhere beats `unauthenticated` elsewhere: the token was accepted there.
 */
export function judge(facts: ResponseFacts, dialect: Dialect): Verdict {
  const { status = 0, errors, isNetworkError } = facts;
  const hasEvent = facts.closeCode !== undefined || isNetworkError;
  if (status < 400 && !errors?.length && facts.body === undefined && !hasEvent) return 'ok';
  const first = dialect.judge?.(facts);
  if (first) return first;
  const { closeCodes = usualCloseCodes } = dialect;
  const ofEvent = own(closeCodes, facts.closeCode) ?? (isNetworkError ? dialect.networkError : undefined);
  let verdict = graver('ok', own(dialect.statuses, status) ?? ofEvent);
  for (const error of errorsIn(facts)) verdict = graver(verdict, judgeError(error, dialect));
  if (facts.challenge)
    for (const challenge of tokenChallenges(facts)) verdict = graver(verdict, judgeChallenge(challenge));
  return verdict;
}
