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

/** An answer whose body was read, with that body. */
export function answerWith(text: string, { status, statusText, headers, url, redirected }: Response): Response {
  const answer = new Response(text || null, { status, statusText, headers: [...headers] });
  return Object.defineProperties(answer, { url: { value: url }, redirected: { value: redirected } });
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
