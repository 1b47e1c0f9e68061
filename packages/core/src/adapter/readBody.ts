import { errorsIn } from '../verdict/dialect.ts';
import type { ResponseFacts } from '../verdict/responseFacts.ts';

/** A body: GraphQL's `data` and `errors`, or, as `body`, anything else. */
export type BodyFacts = Pick<ResponseFacts, 'data' | 'errors' | 'body'>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Reads the body of an answer, of a batch of answers, or of anything else that a server or a proxy sends. Never throws. */
export function readBody(text: string): BodyFacts {
  let body: unknown = text;
  try {
    body = JSON.parse(text);
  } catch {
    // HTML, or plain text
  }
  return readParsedBody(body);
}

/** The same of a body that the client has parsed. */
export const readParsedBody = (body: unknown): BodyFacts =>
  (Array.isArray(body) ? answersIn(body) : answerIn(body)) ?? { body };

/** The answers of a batch in one: it has data when one of them has. */
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
