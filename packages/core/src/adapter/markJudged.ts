import type { TokenManager } from '../tokenManager.ts';
import { wasJudged } from '../verdict/wasJudged.ts';

type Judging = Pick<TokenManager, 'manager'>;

/**
 * Marks errors that an adapter of this token manager has judged and delivered: an adapter in front of it, which sees them
 * again, delivers them, too, and renews nothing.
 */
export function markJudged(auth: Judging, errors: Iterable<unknown>): void {
  const manager = auth.manager();
  manager.judged ??= new WeakSet();
  for (const error of errors) if (typeof error === 'object' && error !== null) manager.judged.add(error);
}

/** Whether an error was marked by `markJudged`, itself or as the original of a wrapper. */
export const isJudged = (auth: Judging, error: unknown): boolean => wasJudged(auth.manager().judged, error);
