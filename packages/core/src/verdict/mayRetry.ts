import { type Dialect, errorsIn, judgeError } from './dialect.ts';
import type { ResponseFacts } from './responseFacts.ts';

/**
 * Which refused mutations are retried:
 *
 * - `proven`: when the answer proves that nothing was executed.
 * - `safe`: also when every root field is `null` with an auth error at exactly its own path, as guards of Apollo Server and Nest answer.
 * - `always`, `never`: whatever the answer states.
 */
export type MutationPolicy = 'safe' | 'proven' | 'always' | 'never';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

const hasValue = (data: unknown): boolean =>
  isObject(data) ? Object.values(data).some(value => value !== null) : data != null;

/** Whether a batch that cannot be read whole has a member with data. */
const hasMemberWithData = ({ body }: ResponseFacts): boolean =>
  Array.isArray(body) && body.some(one => isObject(one) && (one as ResponseFacts).data != null);

/**
 * Whether the server did not accept the request, or did not begin to execute it. Of a request that may not be GraphQL only a 401
 * proves it. @see RFC 9110 section 15.5.2; GraphQL, request errors
 */
function isProven(facts: ResponseFacts): boolean {
  const { data, status, kind } = facts;
  const errors = errorsIn(facts);
  if (data != null || (data === null && errors.length > 0)) return false;
  if (hasMemberWithData(facts) || errors.some(error => error?.path)) return false;
  return status === 401 || (kind !== 'unknown' && errors.length > 0);
}

/** Whether it is known which field was refused: without paths only where there is one field. */
const isFieldKnown = (facts: ResponseFacts, { errorsLackPaths }: Dialect) =>
  !errorsLackPaths || facts.rootFields?.()?.length === 1;

/** Whether no error shows that a resolver has run: each is without a path, or an auth error of a root field. */
const areBeforeResolvers = (facts: ResponseFacts, dialect: Dialect): boolean =>
  errorsIn(facts).every(
    error => !error?.path || (error.path.length === 1 && judgeError(error, dialect) === 'unauthenticated'),
  );

/** Whether every root field is `null` with an auth error at its own path. */
function isRefusedAtRoot(facts: ResponseFacts, dialect: Dialect): boolean {
  const { data } = facts;
  const fields = isObject(data) ? Object.keys(data) : data === null ? facts.rootFields?.() : undefined;
  if (!fields?.length || hasValue(data) || !areBeforeResolvers(facts, dialect)) return false;
  const refused = new Set(errorsIn(facts).flatMap(error => error?.path ?? []));
  return fields.every(field => refused.has(field));
}

/** Whether a server that checks the token before any resolver runs has refused a mutation. */
const isRefusedBefore = (facts: ResponseFacts, dialect: Dialect): boolean =>
  facts.kind === 'mutation' &&
  (facts.status !== undefined || errorsIn(facts).length > 0) &&
  dialect.refusesBeforeResolver === true &&
  !hasValue(facts.data) &&
  areBeforeResolvers(facts, dialect);

/** Whether a refused operation may be sent again. Pure. */
export function mayRetry(facts: ResponseFacts, policy: MutationPolicy, dialect: Dialect): boolean {
  const { kind } = facts;
  if (facts.retried) return false;
  if (kind === 'subscription') return true;
  if (facts.delivered) return false;
  if (kind === 'query' || policy === 'always') return true;
  if (policy === 'never') return false;
  if (isRefusedBefore(facts, dialect)) return true;
  if (isProven(facts)) return facts.status === 401 || isFieldKnown(facts, dialect);
  return policy === 'safe' && isRefusedAtRoot(facts, dialect);
}
