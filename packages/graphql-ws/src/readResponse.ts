import type { TokenSet } from '@latchkey/core';
import { closeCodeOf, type GraphQLErrorLike, type ResponseFacts } from '@latchkey/core/adapter';

/** What is read of a close event, an error event or an error: each may lack each. */
interface End {
  readonly message?: unknown;
  readonly reason?: unknown;
}

/** The answer to the upgrade, which only `ws` shows: in browsers it looks like a server that is down. */
const upgradeAnswer = /^Unexpected server response: (\d{3})$/;

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** The facts of the end of a socket: its close event, the error event before it, and the `connection_error` of an old server. */
export function readEnd(
  event: unknown,
  failure: unknown,
  early: unknown,
): Pick<ResponseFacts, 'closeCode' | 'status' | 'errors'> {
  const { reason } = (isObject(event) ? event : {}) as End;
  const { message } = (isObject(failure) ? failure : {}) as End;
  const closeCode = closeCodeOf(event);
  const [, status] = (typeof message === 'string' && upgradeAnswer.exec(message)) || [];
  const stated = early ?? (closeCode === 4400 ? reason : undefined); // of other codes the reason is for people
  const errors = stated ? [(isObject(stated) ? stated : { message: stated }) as GraphQLErrorLike] : undefined;
  return { closeCode, status: status ? Number(status) : undefined, errors };
}

/** What a socket of the old protocol is refused with, before it is acknowledged. */
export function readRefusal(data: unknown): unknown {
  try {
    const { type, payload } = JSON.parse(data as string) as { readonly type: unknown; readonly payload?: unknown };
    return type === 'connection_error' ? (payload ?? {}) : undefined;
  } catch {
    return undefined; // graphql-ws reports it
  }
}

/** @see RFC 6455 section 7.4.1 */
const transient: readonly number[] = [1000, 1001, 1005, 1006, 1012, 1013, 1014];

/** Of the protocol, and those of a refusal that no renewal resolves. @see https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md */
const fatal: readonly number[] = [4004, 4005, 4400, 4401, 4403, 4406, 4409, 4429, 4500];

/** Whether another attempt would end the same way. An error, other than an error event, is the program's own. */
export function isFatal(event: unknown): boolean {
  const code = closeCodeOf(event);
  if (code === undefined) return event instanceof Error;
  return code < 2000 ? !transient.includes(code) : fatal.includes(code);
}

/** Whether a token set is past its end. */
export const isExpired = (tokens: TokenSet | null | undefined, now: number): boolean =>
  tokens?.expiresAt !== undefined && now >= tokens.expiresAt;
