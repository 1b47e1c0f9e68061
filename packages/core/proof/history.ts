import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { TokenRecord } from '../src/store/tokenStore.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import type { Environment } from './environment.ts';

/** A period in which the tab used one token set. Unknown fields are filled in when the token set is first handed out. */
interface Period {
  readonly sessionId: string;
  version?: number | undefined;
  accessToken?: string | undefined;
  /** By the clock. */
  readonly since: number;
  /** In the order of `sequence`. */
  until: number;
}

/** Access tokens of the model have the form `user.number`. */
export const userOf = ({ accessToken }: { readonly accessToken: string }): string => accessToken.split('.')[0] ?? '';

/** The history of one tab, with checks of each entry: which token set it used when, and which it handed out. */
export class History {
  readonly #env: Environment;
  readonly periods: Period[] = [];
  /** The sessions that ended in this tab, with the last version of those that expired: other tabs may still renew them. */
  readonly endedSessions: Map<string, number> = new Map();
  /** Access tokens that were answered after the end of their session. */
  readonly lateTokens: Set<string> = new Set();
  /** Access tokens of successors that are not saved yet. */
  readonly unsavedTokens: Set<string> = new Set();
  /** The sessions and token sets that the auth server has rejected. */
  readonly rejectedTokenSets: Set<string> = new Set();
  readonly rejectedSessions: Set<string> = new Set();
  /** The number of answers in a row that may be a rejection. */
  possibleRejections = 0;
  /** Orders the entries of this history. */
  sequence = 0;
  /** By the clock. */
  stepStartedAt = 0;
  #stepStart = 0;

  constructor(env: Environment) {
    this.#env = env;
  }

  get current(): Period | undefined {
    const last = this.periods.at(-1);
    return last?.until === Number.POSITIVE_INFINITY ? last : undefined;
  }

  startStep(): void {
    this.#stepStart = ++this.sequence;
    this.stepStartedAt = this.#env.clock.now();
  }

  beginSession(sessionId: string, tokens?: { readonly version: number; readonly accessToken: string } | null): void {
    const { current } = this;
    if ((tokens?.version ?? Number.POSITIVE_INFINITY) <= (this.endedSessions.get(sessionId) ?? -1))
      this.#env.violated('an ended session began again');
    this.endedSessions.delete(sessionId);
    if (current && current.sessionId !== sessionId) this.#env.violated('a session began before the last one had ended');
    this.#endPeriod();
    const known = tokens && { version: tokens.version, accessToken: tokens.accessToken };
    this.periods.push({ sessionId, ...known, since: this.#env.clock.now(), until: Number.POSITIVE_INFINITY });
  }

  renew({ sessionId, version }: TokenEvents['renewed'], accessToken: string | undefined): void {
    const { current } = this;
    if (current?.sessionId !== sessionId) this.#env.violated('a renewal of another session than that of the tab');
    if (version < (current?.version ?? 0)) this.#env.violated('an older token set replaced a newer one');
    this.#endPeriod();
    const since = this.#env.clock.now();
    this.periods.push({ sessionId, version, accessToken, since, until: Number.POSITIVE_INFINITY });
  }

  endSession(
    { sessionId, reason }: TokenEvents['signedOut'],
    stored: TokenRecord | null,
    isStoreReadable: boolean,
  ): void {
    const { current } = this;
    this.endedSessions.set(sessionId, reason === 'expired' ? (current?.version ?? 0) : Number.POSITIVE_INFINITY);
    this.#endPeriod();
    if (reason !== 'expired') return;
    if (!this.rejectedSessions.has(sessionId) && this.possibleRejections < 3)
      this.#env.violated('a session expired without a rejection');
    const isStoreNewer =
      stored?.sessionId === sessionId && stored.version > (current?.version ?? Number.POSITIVE_INFINITY);
    if (isStoreNewer && isStoreReadable)
      this.#env.violated('a session expired although the store held a newer token set');
  }

  /** The token set that a caller receives must have been in use after the call (at `since`) and in this step. */
  handOut(tokens: TokenSet, since: number): void {
    const { sessionId, version, accessToken } = tokens;
    const env = this.#env;
    const from = Math.max(since, this.#stepStart);
    const period = this.periods.findLast(
      known =>
        known.sessionId === sessionId &&
        known.until >= from &&
        (known.version ?? version) === version &&
        (known.accessToken ?? accessToken) === accessToken,
    );
    if (!period) env.violated(`a token set that was not in use was handed out: ${accessToken}`);
    else Object.assign(period, { version, accessToken });
    if (this.lateTokens.has(accessToken)) env.violated(`a late token was handed out: ${accessToken}`);
    if (this.unsavedTokens.has(accessToken))
      env.violated(`a successor was handed out before it was saved: ${accessToken}`);
  }

  save(record: TokenRecord | null): void {
    if (record && this.lateTokens.has(record.accessToken)) this.#env.violated('a late token was saved');
  }

  deleteExpired(before: TokenRecord | null, { sessionId, version = Number.POSITIVE_INFINITY }: Period): void {
    if (before?.sessionId === sessionId && before.version > version)
      this.#env.violated('a newer token set was deleted after the rejection of an older one');
  }

  #endPeriod(): void {
    const { current } = this;
    if (current) current.until = ++this.sequence;
  }
}
