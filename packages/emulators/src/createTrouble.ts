import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './listen.ts';

/** How a token request fails. */
export interface TokenFailure {
  /** @defaultValue 503 */
  readonly status?: number;
  /** Text, or something to be sent as JSON. @defaultValue empty */
  readonly body?: string | object;
  /** @defaultValue `application/json` for an object, `text/plain` for text, none without a body */
  readonly contentType?: string;
  /** The `Retry-After` header: seconds, or a date. */
  readonly retryAfter?: number | string;
  /** Cut the connection instead of answering. */
  readonly drop?: boolean;
  /** Never answer. */
  readonly hang?: boolean;
  /**
   * Whether the server did what was asked before it failed: a refresh token that rotates is used up then.
   *
   * @defaultValue true with `drop`, otherwise false
   */
  readonly acts?: boolean;
}

/** Everything that can be made to go wrong, or to wait. The server acts when a request arrives; only the answer waits. */
export interface Trouble {
  readonly failTokenRequests: (count: number, failure: TokenFailure) => void;
  readonly delayTokenRequests: (ms: number) => void;
  readonly holdTokenRequests: () => () => void;
  readonly holdOperations: () => () => void;
  readonly answerTokenRequest: (act: () => Promise<Response>) => Promise<Answer>;
  readonly answerOperation: (act: () => Promise<Response>) => Promise<Response>;
}

export function createTrouble(): Trouble {
  const failures: TokenFailure[] = [];
  const tokenRequests = createGate();
  const operations = createGate();
  let delayMs = 0;

  return {
    holdTokenRequests: tokenRequests.hold,
    holdOperations: operations.hold,
    failTokenRequests(count, failure) {
      for (let n = 0; n < count; n++) failures.push(failure);
    },
    delayTokenRequests(ms) {
      delayMs = ms;
    },
    async answerTokenRequest(act) {
      const opened = tokenRequests.opened();
      const waitMs = delayMs;
      const failure = failures.shift();
      const answer = failure ? await fail(failure, act) : await act();
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
      await opened;
      return answer;
    },
    async answerOperation(act) {
      const opened = operations.opened();
      const response = await act();
      await opened;
      return response;
    },
  };
}

interface Gate {
  /** Holds what arrives from now on until the returned function is called. A later hold takes over for later arrivals. */
  readonly hold: () => () => void;
  /** Resolves when what arrives now may go on. */
  readonly opened: () => Promise<void> | undefined;
}

function createGate(): Gate {
  const holds: Promise<void>[] = [];
  return {
    opened: () => holds.at(-1),
    hold() {
      let open = () => {};
      const held = new Promise<void>(resolve => {
        open = resolve;
      });
      holds.push(held);
      return () => {
        const at = holds.indexOf(held);
        if (at >= 0) void holds.splice(at, 1);
        open();
      };
    },
  };
}

async function fail(failure: TokenFailure, act: () => Promise<Response>): Promise<Answer> {
  if (failure.acts ?? failure.drop) await act();
  if (failure.drop) return 'drop';
  if (failure.hang) return 'hang';
  const { status = 503, body = '', contentType, retryAfter } = failure;
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const type = contentType ?? (typeof body === 'object' ? 'application/json' : text && 'text/plain');
  return new Response(text ? new TextEncoder().encode(text) : null, {
    status,
    headers: {
      ...(type ? { 'content-type': type } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
  });
}
