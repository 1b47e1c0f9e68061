import { TokenError } from '../errors/tokenError.ts';
import type { Waiter } from '../session/waitingList.ts';
import type { TokenManager } from '../tokenManager.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { ResponseFacts } from '../verdict/responseFacts.ts';
import type { AdapterOptions } from './adapterOptions.ts';
import { waitForTokens } from './waitForTokens.ts';

/** The options of an adapter that has subscriptions. */
export interface StreamOptions extends AdapterOptions {
  /** What becomes of a subscription that needs a token while the auth server is unavailable: it waits, or fails. @defaultValue 'wait' */
  readonly subscriptions?: 'wait' | 'fail' | undefined;
}

/**
 * Lets a subscription wait through an outage of the auth server instead of failing with `unavailable`; it is resumed, or fails
 * with what is final.
 *
 * @returns how to stop; `undefined`: it does not wait
 */
export function waitInstead(
  auth: TokenManager,
  attempt: Pick<ResponseFacts, 'kind' | 'sent'> & Waiter<TokenSet | null>,
  error: unknown,
  { subscriptions }: Pick<StreamOptions, 'subscriptions'>,
  signal?: AbortSignal | null,
): (() => void) | undefined {
  const isOutage = TokenError.is(error) && error.code === 'unavailable';
  if (!isOutage || attempt.kind !== 'subscription' || subscriptions === 'fail') return undefined;
  const { sent } = attempt;
  const stopping = new AbortController();
  const leave = () => stopping.abort();
  signal?.addEventListener('abort', leave);
  waitForTokens(auth, { refused: sent ?? undefined, session: sent?.sessionId, signal: stopping.signal })
    .finally(() => signal?.removeEventListener('abort', leave))
    .then(
      tokens => attempt.resume(tokens),
      failure => {
        if (!stopping.signal.aborted || signal?.aborted) attempt.fail(signal?.aborted ? signal.reason : failure);
      },
    );
  return leave;
}
