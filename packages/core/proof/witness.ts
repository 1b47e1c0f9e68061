import type { TokenEvents } from '../src/session/tokenEvents.ts';
import type { TokenRecord } from '../src/store/tokenStore.ts';
import type { TokenSet } from '../src/tokens/tokenSet.ts';
import type { Surroundings } from './surroundings.ts';

/** The time in which a token set was the one that this tab uses. What is not known yet is learnt from the first who is given it. */
interface Reign {
  readonly session: string;
  version?: number | undefined;
  accessToken?: string | undefined;
  /** By the clock. */
  readonly since: number;
  until: number;
}

/** Tokens of this world look like `user.number`. */
export const userOf = ({ accessToken }: { readonly accessToken: string }): string => accessToken.split('.')[0] ?? '';

/** What one tab has been seen to do, and whether it may: which token set was in use when, and who was given which. */
export class Witness {
  readonly around: Surroundings;
  readonly reigns: Reign[] = [];
  /** Sessions that are over in this tab, and the last version of those that the auth server ended: others may still renew them. */
  readonly ended: Map<string, number> = new Map();
  /** Access tokens that came too late for their session. */
  readonly late: Set<string> = new Set();
  /** Successors that have not been saved yet. */
  readonly unsaved: Set<string> = new Set();
  /** Sessions, and token sets, that the auth server has said no to. */
  readonly refusedSets: Set<string> = new Set();
  readonly refusedSessions: Set<string> = new Set();
  /** Answers of something in between that may be believed in the end. */
  doubtful = 0;
  /** The order of what happens. */
  now = 0;
  /** By the clock. */
  stepBeganAt = 0;
  #stepBegan = 0;

  constructor(around: Surroundings) {
    this.around = around;
  }

  get reign(): Reign | undefined {
    const last = this.reigns.at(-1);
    return last?.until === Number.POSITIVE_INFINITY ? last : undefined;
  }

  stepBegins(): void {
    this.#stepBegan = ++this.now;
    this.stepBeganAt = this.around.clock.now();
  }

  begins(session: string, tokens?: { readonly version: number; readonly accessToken: string } | null): void {
    const { reign } = this;
    if ((tokens?.version ?? Number.POSITIVE_INFINITY) <= (this.ended.get(session) ?? -1))
      this.around.wrong('a session that was over came back');
    this.ended.delete(session);
    if (reign && reign.session !== session) this.around.wrong('a session began before the last one had ended');
    this.#endReign();
    const known = tokens && { version: tokens.version, accessToken: tokens.accessToken };
    this.reigns.push({ session, ...known, since: this.around.clock.now(), until: Number.POSITIVE_INFINITY });
  }

  goesOn({ session, version }: TokenEvents['renewed'], accessToken: string | undefined): void {
    const { reign } = this;
    if (reign?.session !== session) this.around.wrong('a renewal of a session that the tab is not in');
    if (version < (reign?.version ?? 0)) this.around.wrong('an older token set came back');
    this.#endReign();
    const since = this.around.clock.now();
    this.reigns.push({ session, version, accessToken, since, until: Number.POSITIVE_INFINITY });
  }

  ends({ session, reason }: TokenEvents['signedOut'], kept: TokenRecord | null, looked: boolean): void {
    const { reign } = this;
    this.ended.set(session, reason === 'expired' ? (reign?.version ?? 0) : Number.POSITIVE_INFINITY);
    this.#endReign();
    if (reason !== 'expired') return;
    if (!this.refusedSessions.has(session) && this.doubtful < 3)
      this.around.wrong('a session ended without a no of the auth server');
    const isBehind = kept?.session === session && kept.version > (reign?.version ?? Number.POSITIVE_INFINITY);
    if (isBehind && looked) this.around.wrong('a no was believed although the store held a newer token set');
  }

  /** Somebody who asked at `since` is given this token set: it must have been in use since then, and in this step. */
  given(tokens: TokenSet, since: number): void {
    const { session, version, accessToken } = tokens;
    const { wrong } = this.around;
    const from = Math.max(since, this.#stepBegan);
    const reign = this.reigns.findLast(
      known =>
        known.session === session &&
        known.until >= from &&
        (known.version ?? version) === version &&
        (known.accessToken ?? accessToken) === accessToken,
    );
    if (!reign) wrong(`a token set that was not in use was handed out: ${accessToken}`);
    else Object.assign(reign, { version, accessToken });
    if (this.late.has(accessToken)) wrong(`a token that came too late was handed out: ${accessToken}`);
    if (this.unsaved.has(accessToken)) wrong(`a successor was handed out before it was saved: ${accessToken}`);
  }

  saves(record: TokenRecord | null): void {
    if (record && this.late.has(record.accessToken)) this.around.wrong('a token that came too late was saved');
  }

  deletes(before: TokenRecord | null, { session, version = Number.POSITIVE_INFINITY }: Reign): void {
    if (before?.session === session && before.version > version)
      this.around.wrong('a newer token set was deleted for a no to an older one');
  }

  #endReign(): void {
    const { reign } = this;
    if (reign) reign.until = ++this.now;
  }
}
