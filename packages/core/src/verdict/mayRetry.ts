import { type Dialect, judgeError } from './dialect.ts';
import { errorsIn, type ResponseFacts } from './responseFacts.ts';

/**
 * Which refused mutations are sent again:
 *
 * - `proven`: when the answer proves that nothing was executed.
 * - `safe`: also when every root field is `null` with an auth error at exactly its own path, as guards of Apollo Server and Nest answer.
 * - `always`, `never`: whatever the answer says.
 */
export type MutationPolicy = 'safe' | 'proven' | 'always' | 'never';

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The server did not take the request, or did not begin to execute it. @see RFC 9110 section 15.5.2; GraphQL, request errors */
function isProven(facts: ResponseFacts): boolean {
  if (facts.data !== undefined) return false;
  const errors = errorsIn(facts);
  return (facts.status === 401 || errors.length > 0) && !errors.some(error => error?.path);
}

/** Without paths a refusal tells which field it was of only where there is one. */
const tellsField = ({ rootFields }: ResponseFacts, { errorsLackPaths }: Dialect) =>
  !errorsLackPaths || rootFields?.()?.length === 1;

/** Every root field came back `null`, refused at its own door. */
function isRefusedAtRoot(facts: ResponseFacts, dialect: Dialect): boolean {
  const { data, rootFields } = facts;
  const fields = isObject(data) ? Object.keys(data) : data === null ? rootFields?.() : undefined;
  if (!fields?.length || (isObject(data) && Object.values(data).some(value => value !== null))) return false;
  const isRefused = (field: string) =>
    errorsIn(facts).some(
      error => error?.path?.length === 1 && error.path[0] === field && judgeError(error, dialect) === 'unauthenticated',
    );
  return fields.every(isRefused);
}

/** Whether an operation that was refused may be sent again. Pure. */
export function mayRepeat(facts: ResponseFacts, policy: MutationPolicy, dialect: Dialect): boolean {
  if (facts.repeated) return false;
  if (facts.kind === 'subscription') return true;
  if (facts.delivered) return false;
  if (facts.kind === 'query' || policy === 'always') return true;
  if (policy === 'never') return false;
  if (isProven(facts)) return facts.status === 401 || tellsField(facts, dialect);
  return (policy === 'safe' || dialect.refusesBeforeResolver === true) && isRefusedAtRoot(facts, dialect);
}
