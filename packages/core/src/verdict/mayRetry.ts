import { type Dialect, errorsIn, judgeError } from './dialect.ts';
import type { GraphQLErrorLike, ResponseFacts } from './responseFacts.ts';

/**
 * Which refused mutations are retried:
 *
 * - `proven`: when the answer proves that nothing was executed.
 * - `safe`: also when every root field is `null` with an auth error at exactly its own path, as guards of Apollo Server and Nest answer.
 * - `always`, `never`: whatever the answer states.
 */
export type MutationPolicy = 'safe' | 'proven' | 'always' | 'never';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Whether the server did not accept the request, or did not begin to execute it. @see RFC 9110 section 15.5.2; GraphQL, request errors */
function isProven(facts: ResponseFacts): boolean {
  if (facts.data !== undefined) return false;
  const errors = errorsIn(facts);
  return (facts.status === 401 || errors.length > 0) && !errors.some(error => error?.path);
}

/** Whether it is known which field was refused: without paths only where there is one field. */
const isFieldKnown = (facts: ResponseFacts, { errorsLackPaths }: Dialect) =>
  !errorsLackPaths || facts.rootFields?.()?.length === 1;

/** Whether every root field is `null` with an auth error at its own path. */
function isRefusedAtRoot(facts: ResponseFacts, dialect: Dialect): boolean {
  const { data } = facts;
  const fields = isObject(data) ? Object.keys(data) : data === null ? facts.rootFields?.() : undefined;
  if (!fields?.length || (isObject(data) && Object.values(data).some(value => value !== null))) return false;
  const refused = new Set<unknown>();
  for (const error of errorsIn(facts))
    if (error?.path?.length === 1 && judgeError(error, dialect) === 'unauthenticated') refused.add(error.path[0]);
  return fields.every(field => refused.has(field));
}

/** Whether the server has refused the token before it ran anything: its dialect says so, and the answer has nothing else. */
function isRefusedBefore(facts: ResponseFacts, dialect: Dialect): boolean {
  if (!dialect.refusesBeforeResolver || facts.kind !== 'mutation') return false;
  const { data } = facts;
  const isEmpty = data == null || (isObject(data) && Object.values(data).every(field => field === null));
  const isOfToken = (error: GraphQLErrorLike | null) =>
    judgeError(error, dialect) === 'unauthenticated' && (error?.path?.length ?? 0) <= 1; // a deeper path shows that a field ran
  return isEmpty && errorsIn(facts).every(isOfToken);
}

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
