import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http';
import { text } from 'node:stream/consumers';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { listen } from '../src/listen.ts';
import type { Answer } from './script.ts';

/** Who runs a script. The bare clients meet one answer each. */
export type Role = 'ours' | 'bare';

/** One run of a script, as its servers see it. */
export interface Run {
  /** To the next attempt. */
  readonly answerTo: (attempt: number) => Answer;
  /** The headers of each attempt, in order of arrival. */
  readonly sent: IncomingHttpHeaders[];
  /** Of each request that has reached the other origin. */
  readonly elsewhere: IncomingHttpHeaders[];
  /** An attempt has arrived; nothing of its answer is sent. */
  readonly arrived: () => void;
  /** The head of an answer is sent. */
  readonly begun: () => void;
}

/** The servers of an API and of another origin. */
export interface AnswerServers extends AsyncDisposable {
  readonly origins: Readonly<Record<'api' | 'elsewhere', string>>;
  /** Registers a run; its paths begin with the name that is returned. */
  readonly add: (run: Run) => string;
  readonly remove: (name: string) => void;
}

const boundaryOf = (type: string) => /boundary="?([^";]+)/.exec(type)?.[1] ?? '-';

/** The body of an answer before its coding, as a string. */
export function bodyOf({ type, payloads }: Answer): string {
  if (type?.startsWith('text/event-stream'))
    return payloads.map(payload => `event: next\ndata: ${payload}\n\n`).join('');
  if (!type?.startsWith('multipart/mixed')) return payloads[0] ?? '';
  const boundary = boundaryOf(type);
  const parts = payloads.map(payload => `\r\n--${boundary}\r\ncontent-type: application/json\r\n\r\n${payload}`);
  return `${parts.join('')}\r\n--${boundary}--\r\n`;
}

function bytesOf(answer: Answer): Buffer {
  const bytes = Buffer.from(bodyOf(answer), answer.charset);
  if (answer.coding === 'gzip') return gzipSync(bytes, { level: 1 });
  return answer.coding === 'br'
    ? brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })
    : bytes;
}

/** The bytes between one cut and the next; none is empty, because that would end a chunked body. */
function chunksOf(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const ends = [...cuts.map(cut => Math.floor(cut * bytes.length)), bytes.length].sort((a, b) => a - b);
  return ends.map((end, index) => bytes.subarray(ends[index - 1] ?? 0, end)).filter(({ length }) => length > 0);
}

/** Statuses whose answers Node sends without a body. */
export const isBodiless = (status: number): boolean => status === 204 || status === 304;

async function send(answer: Answer, response: ServerResponse, run: Run): Promise<void> {
  const { status, reason, type, coding, end } = answer;
  if (end === 'reset') return void response.destroy();
  response.sendDate = false;
  const headers = answer.headers.flat();
  if (type !== null) headers.push('content-type', type);
  if (coding !== 'none') headers.push('content-encoding', coding.replace('?', ''));
  const chunks = chunksOf(bytesOf(answer), answer.chunks);
  if (chunks.length === 1 && end === 'end' && !isBodiless(status))
    headers.push('content-length', `${chunks[0]?.length}`);
  response.writeHead(status, reason, headers);
  response.flushHeaders();
  const lasting = end === 'end' ? chunks : chunks.slice(0, -1);
  for (const chunk of lasting) {
    response.write(chunk);
    if (lasting.length > 1) await nextTurn();
  }
  if (end === 'cut') {
    response.write('{"da');
    await nextTurn();
    response.destroy();
  } else if (end === 'end' || isBodiless(status)) response.end(); // to the client one without a body is over
  run.begun();
}

/** Starts both servers. What an unknown run sends is answered with 410. */
export async function startAnswerServers(): Promise<AnswerServers> {
  const runs = new Map<string, Run>();
  let runCount = 0;

  async function respond(
    origin: 'api' | 'elsewhere',
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    await text(request); // a server that answers early makes the client's write fail
    const [, name = '', hop] = new URL(request.url ?? '', 'http://localhost').pathname.split('/');
    const run = runs.get(name);
    if (!run) return void response.writeHead(410).end();
    if (origin === 'elsewhere') run.elsewhere.push(request.headers);
    if (hop === undefined) {
      run.sent.push(request.headers);
      run.arrived();
    }
    const answer = run.answerTo(run.sent.length);
    if (answer.redirect && hop === undefined) {
      const location = `${origins[answer.redirect.to]}/${name}/hop`;
      response.writeHead(answer.redirect.status, { location }).end();
    } else await send(answer, response, run);
  }

  const start = (origin: 'api' | 'elsewhere') =>
    listen(
      createServer((request, response) => void respond(origin, request, response).catch(() => response.destroy())),
    );
  const [api, elsewhere] = await Promise.all([start('api'), start('elsewhere')]);
  const origins = { api: api.origin, elsewhere: elsewhere.origin };
  return {
    origins,
    add(run) {
      const name = `run${++runCount}`;
      runs.set(name, run);
      return name;
    },
    remove: name => void runs.delete(name),
    async [Symbol.asyncDispose]() {
      await Promise.all([api.close(), elsewhere.close()]);
    },
  };
}
