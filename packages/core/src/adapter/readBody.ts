import { errorsIn } from '../verdict/dialect.ts';
import { headerOf, type ResponseFacts } from '../verdict/responseFacts.ts';

/** A body: GraphQL's `data` and `errors`, or, as `body`, anything else. */
export type BodyFacts = Pick<ResponseFacts, 'data' | 'errors' | 'body'>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** By the type alone: parameters vary, and `application/json-seq` is a stream. */
export const isJson = (response: Partial<Response>): boolean =>
  /^[^;,]*[/+]json\s*(?:[;,]|$)/i.test(headerOf(response, 'content-type') ?? '');

const isWithoutBody = (status: number) => [204, 205, 304].includes(status);

/** An answer whose body was read, with that body: a reader sees no difference. */
function answerWith(body: string | ReadableStream, answered: Response): Response {
  const { status, statusText, ok, headers, url, redirected, type } = answered;
  const given = body === '' && isWithoutBody(status) ? null : body;
  const isTaken = status < 600 && !(given !== null && isWithoutBody(status)); // servers send others
  const answer = new Response(given, { headers: [...headers], ...(isTaken && { status, statusText }) });
  const clone = typeof body === 'string' ? () => answerWith(body, answered) : answer.clone;
  for (const [name, value] of Object.entries({ status, statusText, ok, url, redirected, type, clone }))
    Object.defineProperty(answer, name, { value });
  return answer;
}

/** Not a mock, and not of somebody who reads it already. */
const isReadable = ({ headers, text, body, bodyUsed }: Response) =>
  Symbol.iterator in headers && typeof text === 'function' && !bodyUsed && !body?.locked;

/**
 * Reads a body, and gives an answer with the same body; where it breaks off, that one's does, too. `undefined`: it cannot be read.
 * No copy is made: in happy-dom both are empty then, and of node-fetch each waits for the other.
 */
export async function readText(answered: Response): Promise<readonly [text: string | undefined, answer: Response]> {
  if (!isReadable(answered)) return [undefined, answered];
  try {
    const text = await answered.text();
    return [text, answerWith(text, answered)];
  } catch (error) {
    if (typeof ReadableStream !== 'function') throw error;
    return [undefined, answerWith(new ReadableStream({ start: body => body.error(error) }), answered)];
  }
}

/** The same of a JSON body; one of another type is not read. */
export const readJson = async (answered: Response): ReturnType<typeof readText> =>
  isJson(answered) ? readText(answered) : [undefined, answered];

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
