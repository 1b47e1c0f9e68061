import { TokenError } from '@latchkey/core';
import { readText } from '@latchkey/core/adapter';

/** An answer of an auth server without tokens. It may hold what a user typed: do not log it. */
export interface TokenlessAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** Parsed JSON; a string where it is none, e.g. HTML. */
  readonly body: unknown;
}

/** What an auth server that states it in a way of its own means by an answer. */
export interface RejectionOptions {
  /**
   * Whether an answer without tokens rejects the credentials or the refresh token: `({ status }) => status === 403 || undefined`.
   *
   * @returns `true`: a rejection; `false`: a transient failure, which ends no session; `undefined`: judged as without this option
   */
  readonly isRejection?: ((answer: TokenlessAnswer) => boolean | undefined) | undefined;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function ask(isRejection: NonNullable<RejectionOptions['isRejection']>, answer: TokenlessAnswer): boolean | undefined {
  try {
    return isRejection(answer);
  } catch {
    throw new TokenError('misconfigured', 'Option "isRejection" threw. Each field of the body may be missing.');
  }
}

/**
 * Reads an answer with `read`, which returns `null` for a rejection; where it finds no tokens, the option decides.
 *
 * @throws TokenError what `read` throws; `unavailable` for a rejection that the option takes for a transient failure
 */
export async function readWith<Answer>(
  response: Response,
  { isRejection }: RejectionOptions,
  read: (response: Response) => Promise<Answer | null>,
): Promise<Answer | null> {
  if (!isRejection) return read(response);
  const { status, headers } = response;
  const [text = '', whole] = await readText(response);
  let failure: unknown;
  try {
    const answer = await read(whole);
    if (answer) return answer;
  } catch (thrown) {
    failure = thrown;
  }
  const isRejected = ask(isRejection, { status, headers, body: parsed(text) });
  if (isRejected) return null;
  const wasRejection = !failure || (TokenError.is(failure) && failure.code === 'sessionExpired');
  if (isRejected === false && wasRejection)
    throw new TokenError('unavailable', `The auth server answered ${status}, which is no rejection.`, { status });
  if (failure) throw failure;
  return null;
}
