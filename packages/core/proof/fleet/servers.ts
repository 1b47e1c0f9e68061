import type { TokenParts } from '../../src/tokens/tokenSet.ts';
import type { FleetTimeline } from './clock.ts';
import type { FleetReport } from './report.ts';

/**
 * - `reuse`: rotates; a used refresh token revokes its family.
 * - `grace`: as `reuse`, but a used one is accepted for 15 s.
 * - `rotation`: rotates; a used one is rejected, and nothing else.
 * - `oneLive`: credentials; a new token invalidates the old one.
 * - `sideBySide`: credentials; tokens live side by side.
 */
export const serverKinds = ['reuse', 'grace', 'rotation', 'oneLive', 'sideBySide'] as const;
export type ServerKind = (typeof serverKinds)[number];

export const isService = (kind: ServerKind): boolean => kind === 'oneLive' || kind === 'sideBySide';

const tokenLifeMs = 60_000;
const graceMs = 15_000;

/** The tokens of one sign-in. */
export interface FleetFamily {
  readonly id: string;
  readonly subject: string | undefined;
  isRevoked: boolean;
  /** The user has signed out of it. */
  isSignedOut: boolean;
  /** It was lost by something that nobody can prevent. */
  isExcused: boolean;
  /** The access token that is valid, where there is only one. */
  live?: string;
}

export interface FleetRefreshToken {
  readonly id: string;
  readonly family: FleetFamily;
  usedAt?: number;
  /** What happened to the answer that rotated it: then it may be sent again. */
  readonly accidents: Set<string>;
}

export class FleetServer {
  readonly kind: ServerKind;
  readonly #timeline: FleetTimeline;
  readonly #report: FleetReport;
  readonly #refreshTokens = new Map<string, FleetRefreshToken>();
  readonly #accessTokens = new Map<string, { readonly family: FleetFamily; readonly expiresAt: number }>();
  #families = 0;
  #tokens = 0;
  #service: FleetFamily | undefined;

  constructor(kind: ServerKind, timeline: FleetTimeline, report: FleetReport) {
    this.kind = kind;
    this.#timeline = timeline;
    this.#report = report;
  }

  signIn(subject?: string): TokenParts {
    const family = { id: `f${++this.#families}`, subject, isRevoked: false, isSignedOut: false, isExcused: false };
    if (!isService(this.kind)) return this.#issue(family);
    this.#service ??= family;
    return this.#issue(this.#service);
  }

  /** `null`: rejected. */
  refresh(id: string | undefined): TokenParts | null {
    const token = this.refreshToken(id);
    if (!token || token.family.isRevoked) return null;
    const { now } = this.#timeline;
    const isInGrace = this.kind === 'grace' && now - (token.usedAt ?? now) <= graceMs;
    if (token.usedAt !== undefined && !isInGrace) return this.#reused(token);
    token.usedAt ??= now;
    return this.#issue(token.family);
  }

  #reused(token: FleetRefreshToken): null {
    const { family, accidents, id } = token;
    this.#report.log(
      () => `server: ${id} of ${family.id} was used before (${[...accidents, ...this.#report.excuses].join(', ')})`,
    );
    if (accidents.size > 0 || this.#report.excuses.size > 0) family.isExcused = this.#report.isExcused = true;
    else this.#report.violated('a used refresh token was sent again', id);
    if (this.kind !== 'rotation') family.isRevoked = true;
    return null;
  }

  #issue(family: FleetFamily): TokenParts {
    const { subject } = family;
    const accessToken = this.issueAccess(family);
    if (isService(this.kind)) return { accessToken, expiresInS: tokenLifeMs / 1000 };
    const id = `rt${++this.#tokens}`;
    this.#refreshTokens.set(id, { id, family, accidents: new Set() });
    return { accessToken, refreshToken: id, expiresInS: tokenLifeMs / 1000, subject };
  }

  /** An access token, as an answer of the API may bring it too. */
  issueAccess(family: FleetFamily): string {
    const accessToken = `at${++this.#tokens}`;
    this.#accessTokens.set(accessToken, { family, expiresAt: this.#timeline.now + tokenLifeMs });
    family.live = accessToken;
    return accessToken;
  }

  refreshToken(id: string | undefined): FleetRefreshToken | undefined {
    return id === undefined ? undefined : this.#refreshTokens.get(id);
  }

  familyOf(accessToken: string | undefined): FleetFamily | undefined {
    return accessToken === undefined ? undefined : this.#accessTokens.get(accessToken)?.family;
  }

  /** Whether the API accepts it. */
  accepts(accessToken: string): boolean {
    const token = this.#accessTokens.get(accessToken);
    if (!token || token.family.isRevoked || this.#timeline.now >= token.expiresAt) return false;
    return this.kind !== 'oneLive' || token.family.live === accessToken;
  }

  revoke(accessToken: string): void {
    const family = this.familyOf(accessToken);
    if (!family || isService(this.kind)) return;
    this.#report.log(() => `server: ${family.id} revoked${family.isSignedOut ? '' : ' (a late answer)'}`);
    family.isRevoked = true;
  }
}
