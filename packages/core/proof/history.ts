import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { Stamp } from '../src/store/stamp.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import { type Environment, hasTakenLong } from './environment.ts';

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

type Position = Pick<TokenSet, 'version' | 'accessToken'>;

const partOf = ({ accessToken }: { readonly accessToken: string }, at: number) => accessToken.split('.')[at] ?? '';

/** Access tokens of the model have the form `user.family.number`; each sign-in begins a family. */
export const userOf = (tokens: { readonly accessToken: string }): string => partOf(tokens, 0);
export const familyOf = (tokens: { readonly accessToken: string }): string => partOf(tokens, 1);

/** The history of one tab, with checks of each entry: which token set it used when, and which it handed out. */
export class History {
  readonly #env: Environment;
  readonly #stampsOf: (accessToken: string) => readonly Stamp[];
  readonly periods: Period[] = [];
  /** The sessions that ended in this tab. */
  readonly endedSessions: Set<string> = new Set();
  /** Access tokens that were answered after the end of their session. */
  readonly lateTokens: Set<string> = new Set();
  /** The sessions and refresh tokens that the auth server has rejected. */
  readonly rejectedTokens: Set<string> = new Set();
  readonly rejectedSessions: Set<string> = new Set();
  /** Access tokens of successors that are not saved yet. */
  readonly #unsaved = new Map<string, { readonly since: number; readonly sinceElapsedMs: number }>();
  /** The number of answers in a row that may be a rejection. */
  possibleRejections = 0;
  /** Orders the entries of this history. */
  sequence = 0;
  /** By the clock. */
  stepStartedAt = 0;
  #stepStart = 0;
  /** The stamp of the newest token set that was used, as far as it was saved. */
  #greatest: Stamp = '';

  constructor(env: Environment, stampsOf: (accessToken: string) => readonly Stamp[]) {
    this.#env = env;
    this.#stampsOf = stampsOf;
    this.startStep();
  }

  get current(): Period | undefined {
    const last = this.periods.at(-1);
    return last?.until === Number.POSITIVE_INFINITY ? last : undefined;
  }

  startStep(): void {
    this.#stepStart = ++this.sequence;
    this.stepStartedAt = this.#env.clock.now();
  }

  beginSession(sessionId: string, tokens: Position | null | undefined): void {
    const { current } = this;
    if (this.endedSessions.has(sessionId)) this.#env.violated('an ended session began again');
    if (current && current.sessionId !== sessionId) this.#env.violated('a session began before the last one had ended');
    this.#beginPeriod(sessionId, tokens?.version, tokens?.accessToken);
  }

  renew({ sessionId, version }: TokenEvents['renewed'], accessToken: string | undefined): void {
    const { current } = this;
    if (current?.sessionId !== sessionId) this.#env.violated('a renewal of another session than that of the tab');
    if (version < (current?.version ?? 0)) this.#env.violated('an older token set replaced a newer one');
    this.#beginPeriod(sessionId, version, accessToken);
  }

  endSession({ sessionId, reason }: TokenEvents['signedOut']): void {
    this.endedSessions.add(sessionId);
    this.#endPeriod();
    if (reason === 'expired' && !this.rejectedSessions.has(sessionId) && this.possibleRejections < 3)
      this.#env.violated('a session expired without a rejection');
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
    if (this.#isUnsaved(accessToken)) env.violated(`a successor was handed out before it was saved: ${accessToken}`);
  }

  /** A successor was answered: it may be used when it is saved, or the store is gone. */
  mustSave(accessToken: string): void {
    this.#unsaved.set(accessToken, { since: this.#env.clock.now(), sinceElapsedMs: this.#env.elapsedMs() });
  }

  saved(accessToken: string): void {
    this.#unsaved.delete(accessToken);
  }

  storeFailed(): void {
    this.#unsaved.clear();
  }

  #isUnsaved(accessToken: string): boolean {
    const answered = this.#unsaved.get(accessToken);
    return answered !== undefined && !hasTakenLong(this.#env, answered.since, answered.sinceElapsedMs);
  }

  #beginPeriod(sessionId: string, version: number | undefined, accessToken: string | undefined): void {
    this.#endPeriod();
    if (accessToken !== undefined) this.#rise(this.#stampsOf(accessToken));
    this.periods.push({
      sessionId,
      version,
      accessToken,
      since: this.#env.clock.now(),
      until: Number.POSITIVE_INFINITY,
    });
  }

  /** What was left has a lesser stamp. */
  #rise(stamps: readonly Stamp[]): void {
    const [first] = stamps;
    if (first === undefined) return;
    if (stamps.every(stamp => stamp < this.#greatest)) this.#env.violated('a token set with a lesser stamp was used');
    else if (first > this.#greatest) this.#greatest = first;
  }

  #endPeriod(): void {
    const { current } = this;
    if (current) current.until = ++this.sequence;
  }
}
