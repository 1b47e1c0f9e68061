import type { DecideOptions } from '../src/decide.ts';
import type { Attempt } from '../src/manager.ts';
import type { TokenManager } from '../src/tokenManager.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import type { ResponseFacts } from '../src/verdict/responseFacts.ts';

/** `undefined`: the answer is delivered; a promise of the token set of the retry, or of the operation's error. */
export type Settle = (
  facts: ResponseFacts,
  options?: DecideOptions & { readonly signal?: AbortSignal },
) => Promise<TokenSet> | undefined;

/** `auth.decide` with a promise in place of an adapter's `resume` and `fail`. */
export function settleWith(auth: Pick<TokenManager, 'decide'>): Settle {
  return (facts, { signal, ...options } = {}) => {
    let attempt!: Pick<Attempt, 'resume' | 'fail'>;
    const promise = new Promise<TokenSet>((resume, fail) => {
      attempt = { resume, fail };
    });
    const decision = auth.decide({ ...facts, ...attempt }, options, signal);
    if (decision === 'wait') return promise;
    return decision && Promise.reject(decision);
  };
}
