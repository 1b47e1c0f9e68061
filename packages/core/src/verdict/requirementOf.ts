import { redact } from '../errors/redact.ts';
import type { TokenEvents } from '../session/tokenEvents.ts';
import { challengeOf } from './dialect.ts';
import type { ResponseFacts } from './responseFacts.ts';

type Requirement = Omit<TokenEvents['forbidden'] & TokenEvents['stepUp'], 'at' | 'sessionId'>;

/** Seconds as a string of digits, some three hundred years at most, in milliseconds; anything else states nothing. */
const milliseconds = (seconds: string | undefined) =>
  /^\d{1,10}$/.test(String(seconds)) ? Number(seconds) * 1000 : undefined;

/** What the challenge of a server that accepted the token requires in addition, redacted. */
export function requirementOf(
  facts: ResponseFacts,
  verdict: 'forbidden' | 'stepUp',
  secrets: readonly string[],
): Requirement {
  const { scope, acr_values, max_age } = challengeOf(facts, verdict);
  const clean = (value: string | undefined) => (value ? redact(value, secrets) : undefined);
  return verdict === 'forbidden'
    ? { scope: clean(scope) }
    : { acrValues: clean(acr_values), maxAgeMs: milliseconds(max_age) };
}
