import { errorsIn } from '../verdict/dialect.ts';
import { headerOf, type ResponseFacts } from '../verdict/responseFacts.ts';

/** A body: GraphQL's `data` and `errors`, or, as `body`, anything else. */
export type BodyFacts = Pick<ResponseFacts, 'data' | 'errors' | 'body'>;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** By the type alone: parameters vary, and `application/json-seq` is a stream. */
export const isJson = (response: Partial<Response>): boolean =>
  /^[^;,]*[/+]json\s*(?:[;,]|$)/i.test(headerOf(response, 'content-type') ?? '');

/** A JSON body as a string, from a copy; `undefined`: it has another type, or cannot be copied. */
export async function copyJson(response: Response): Promise<string | undefined> {
  try {
    return isJson(response) ? await response.clone().text() : undefined;
  } catch {
    return undefined; // somebody has read it, or it broke off: the caller meets that too
  }
}

const isWithoutBody = (status: number) => [204, 205, 304].includes(status);

/** An answer whose body was read, with that body: a reader sees no difference. */
export function answerWith(body: string | ReadableStream, answered: Response): Response {
  const { status, statusText, ok, headers, url, redirected, type } = answered;
  const given = body === '' && isWithoutBody(status) ? null : body;
  const isTaken = status < 600 && !(given !== null && isWithoutBody(status)); // servers send others
  const answer = new Response(given, { headers: [...headers], ...(isTaken && { status, statusText }) });
  for (const [name, value] of Object.entries({ status, statusText, ok, url, redirected, type }))
    Object.defineProperty(answer, name, { value });
  return answer;
}

/** Reads the body of an answer, and gives an answer with the same body; where it breaks off, that one's does, too. */
export async function readWhole(answered: Response): Promise<readonly [text: string | undefined, answer: Response]> {
  try {
    const text = await answered.text();
    return [text, answerWith(text, answered)];
  } catch (error) {
    return [undefined, answerWith(new ReadableStream({ start: body => body.error(error) }), answered)];
  }
}

/** Whether a body is a stream of Node's, as that of node-fetch: a copy of it stops until the other is read, too. */
export const isNodeStream = ({ body }: Response): boolean =>
  typeof (body as { pipe?: unknown } | null)?.pipe === 'function';

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
