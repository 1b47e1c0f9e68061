import { errorsIn, type ResponseFacts } from '../verdict/responseFacts.ts';

/** What a body says: GraphQL's `data` and `errors`, or, as `body`, what else it is. */
export type BodyFacts = Pick<ResponseFacts, 'data' | 'errors' | 'body'>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Reads the body of an answer, a batch of answers, or anything else that a server or something before it sends. Never throws. */
export function readBody(text: string): BodyFacts {
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // no JSON: a page, a proxy's word
  }
  return (Array.isArray(body) ? answersIn(body) : answerIn(body)) ?? { body };
}

/** A batch says what all its answers say: nothing of it is data unless one of them is. */
function answersIn(batch: readonly unknown[]): BodyFacts | undefined {
  const answers = batch.map(answerIn).filter(answer => answer !== undefined);
  if (batch.length === 0 || answers.length < batch.length) return undefined;
  const hasData = answers.some(({ data }) => data !== undefined);
  return { data: hasData ? answers.map(({ data }) => data) : undefined, errors: answers.flatMap(errorsIn) };
}

function answerIn(body: unknown): BodyFacts | undefined {
  if (!isObject(body)) return undefined;
  const { data, errors } = body as BodyFacts;
  if (Array.isArray(errors)) return { data, errors };
  return 'data' in body ? { data } : undefined;
}
