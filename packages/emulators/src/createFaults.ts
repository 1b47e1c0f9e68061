import { setTimeout as sleep } from 'node:timers/promises';
import type { Answer } from './listen.ts';

/** How a token request fails. */
export interface TokenFailure {
  /** @defaultValue 503 */
  readonly status?: number;
  /** A string, or an object that is sent as JSON. @defaultValue empty */
  readonly body?: string | object;
  /** @defaultValue `application/json` for an object, `text/plain` for a string, none for an empty body */
  readonly contentType?: string;
  /** The `Retry-After` header: seconds, or a date. */
  readonly retryAfter?: number | string;
  /** Drop the connection instead of answering. */
  readonly drop?: boolean;
  /** Never answer. */
  readonly hang?: boolean;
  /**
   * Whether the server carries the request out before it fails. A refresh token that rotates is then used up.
   *
   * @defaultValue true with `drop`, otherwise false
   */
  readonly acts?: boolean;
}

/** Makes requests fail or wait. A request takes effect when it arrives; only its answer is held back. */
export interface Faults {
  readonly failTokenRequests: (count: number, failure: TokenFailure) => void;
  readonly delayTokenRequests: (ms: number) => void;
  /** Returns the function that releases the held answers. */
  readonly holdTokenRequests: () => () => void;
  /** Returns the function that releases the held answers. */
  readonly holdOperations: () => () => void;
  readonly answerTokenRequest: (act: () => Promise<Response>) => Promise<Answer>;
  readonly answerOperation: (act: () => Promise<Response>) => Promise<Response>;
}

export function createFaults(): Faults {
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
      const released = tokenRequests.whenReleased();
      const waitMs = delayMs;
      const failure = failures.shift();
      const answer = failure ? await fail(failure, act) : await act();
      if (waitMs > 0) await sleep(waitMs, undefined, { ref: false });
      await released;
      return answer;
    },
    async answerOperation(act) {
      const released = operations.whenReleased();
      const response = await act();
      await released;
      return response;
    },
  };
}

interface Gate {
  /** Holds requests that arrive from now on. Returns the function that releases them. The latest hold applies. */
  readonly hold: () => () => void;
  /** Resolves when a request that arrives now is released; `undefined` when none is held. */
  readonly whenReleased: () => Promise<void> | undefined;
}

function createGate(): Gate {
  const holds: Promise<void>[] = [];
  return {
    whenReleased: () => holds.at(-1),
    hold() {
      let release = () => {};
      const held = new Promise<void>(resolve => {
        release = resolve;
      });
      holds.push(held);
      return () => {
        const index = holds.indexOf(held);
        if (index >= 0) void holds.splice(index, 1);
        release();
      };
    },
  };
}

async function fail(failure: TokenFailure, act: () => Promise<Response>): Promise<Answer> {
  if (failure.acts ?? failure.drop) await act();
  if (failure.drop) return 'drop';
  if (failure.hang) return 'hang';
  const { status = 503, body = '', contentType, retryAfter } = failure;
  const content = typeof body === 'string' ? body : JSON.stringify(body);
  const type = contentType ?? (typeof body === 'object' ? 'application/json' : content && 'text/plain');
  return new Response(content ? new TextEncoder().encode(content) : null, {
    status,
    headers: {
      ...(type ? { 'content-type': type } : {}),
      ...(retryAfter === undefined ? {} : { 'retry-after': String(retryAfter) }),
    },
  });
}
