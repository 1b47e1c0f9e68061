import type { DecideOptions } from '../decide.ts';
import type { TokenManager } from '../tokenManager.ts';
import { defaultDialect, judge } from '../verdict/dialect.ts';
import type { ResponseFacts } from '../verdict/responseFacts.ts';

/** Whether `decide` will find that an answer refuses the token. Changes nothing. */
export function isRefusal(
  auth: Pick<TokenManager, 'manager'>,
  facts: ResponseFacts,
  { dialect }: Pick<DecideOptions, 'dialect'>,
): boolean {
  if (!facts.sent || facts.auth === 'unjudged') return false;
  try {
    return judge(facts, dialect ?? auth.manager().options.dialect ?? defaultDialect) === 'unauthenticated';
  } catch {
    return false; // `decide` reports it
  }
}
