import type { SignOutReason } from '../../src/session/tokenEvents.ts';
import type { Entry } from '../../src/store/place.ts';
import type { Stamp } from '../../src/store/stamp.ts';
import type { TokenSet } from '../../src/tokens/tokenSet.ts';
import type { FleetReport } from './report.ts';
import type { FleetServer } from './servers.ts';

/** Names a session, as far as a stamp does. */
const lineageOf = (stamp: Stamp) => stamp.slice(0, 26);

/** The token sets that one manager has used, and the stamps that they have. */
export class FleetHistory {
  readonly #name: string;
  readonly #report: FleetReport;
  readonly #server: FleetServer;
  /** The greatest stamp that each access token has had so far; a sign-in may be stamped anew. */
  readonly #stamps = new Map<string, Stamp>();
  /** The sessions that were left. */
  readonly #left = new Set<string>();
  #last: { readonly sessionId: string; readonly accessToken: string; readonly stamp: Stamp } | undefined;
  /** Access tokens by the session in which they were used last. */
  readonly #tokensOf = new Map<string, string>();
  readonly #endedSessions = new Set<string>();
  hasExpired = false;

  constructor(name: string, report: FleetReport, server: FleetServer) {
    this.#name = name;
    this.#report = report;
    this.#server = server;
  }

  /** An entry of this stamp was seen, or is being saved. */
  stamped({ stamp, record }: Entry): void {
    if (!record) return;
    const { accessToken } = record;
    if (stamp > (this.#stamps.get(accessToken) ?? '')) this.#stamps.set(accessToken, stamp);
  }

  /** The manager's state has changed. */
  use(tokens: TokenSet | undefined): void {
    const last = this.#last;
    if (!tokens || last?.accessToken === tokens.accessToken) return;
    const { sessionId, accessToken, subject } = tokens;
    const stamp = this.#stamps.get(accessToken) ?? '';
    this.#report.log(() => `${this.#name} uses ${accessToken} of ${subject} in ${sessionId}`);
    this.#tokensOf.set(sessionId, accessToken);
    if (last && last.sessionId !== sessionId) this.#left.add(lineageOf(last.stamp));
    if (this.#endedSessions.has(sessionId)) this.#report.violated('an ended session began again', this.#name);
    if (!stamp) return; // received while a renewal was being saved, which is newer
    if (this.#left.has(lineageOf(stamp)))
      this.#report.violated('a session that was left was entered again', `${this.#name} ${accessToken}`);
    if (last && stamp < last.stamp)
      this.#report.violated('a manager went back', `${this.#name} from ${last.accessToken} to ${accessToken}`);
    this.#last = { sessionId, accessToken, stamp };
  }

  ended(sessionId: string, reason: SignOutReason): void {
    this.#report.log(() => `${this.#name} signedOut ${reason} ${sessionId}`);
    this.#endedSessions.add(sessionId);
    if (reason !== 'expired') return;
    this.hasExpired = true;
    this.#report.counts.lost++;
    const family = this.#server.familyOf(this.#tokensOf.get(sessionId));
    if (!family || family.isSignedOut || family.isExcused || this.#report.excuses.size > 0) return;
    this.#report.violated('a session was lost without a cause', `${this.#name} ${family.id}`);
  }
}
