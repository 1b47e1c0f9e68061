import { redact } from '../errors/redact.ts';
import type { TokenEvents } from '../session/tokenEvents.ts';
import { challengeOf } from './dialect.ts';
import type { ResponseFacts } from './responseFacts.ts';

type Demand = Omit<TokenEvents['forbidden'] & TokenEvents['stepUp'], 'at' | 'session'>;

/** A count of seconds, of some three hundred years at most; anything else is no statement. */
const milliseconds = (count: string | undefined) =>
  /^\d{1,10}$/.test(String(count)) ? Number(count) * 1000 : undefined;

/** What a server that took the token asks for beside it, as its challenge says: a stranger's words, without `secrets`. */
export function demandOf(facts: ResponseFacts, verdict: 'forbidden' | 'stepUp', secrets: readonly string[]): Demand {
  const { scope, acr_values, max_age } = challengeOf(facts, verdict);
  const text = (words: string | undefined) => (words ? redact(words, secrets) : undefined);
  return verdict === 'forbidden'
    ? { scope: text(scope) }
    : { acrValues: text(acr_values), maxAgeMs: milliseconds(max_age) };
}
