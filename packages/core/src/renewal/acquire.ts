import { sessionIsOver, TokenError } from '../errors/tokenError.ts';
import type { Session } from '../session/session.ts';
import type { Clock } from '../time/clock.ts';
import type { TokenSet } from '../tokens/tokenSet.ts';
import type { Cooldown } from './cooldown.ts';
import type { Renewal } from './renewal.ts';

/** What the manager may do of its own accord at the moment. */
export interface Mode {
  /** `restore` has not been answered. */
  isRestoring: boolean;
  /** There is a credentials callback, and the user has not signed out. */
  isUnattended: boolean;
  isDisposed: boolean;
}

/** The ways to a token set. */
export interface TokenAccess {
  /** At once: see `TokenManager.fresh`. */
  fresh(): TokenSet | null | undefined;
  /** What `fresh` could not answer. */
  wait(): Promise<TokenSet | null>;
  /** The successor of a refused one, which may be there already. */
  successorOf(refused: TokenSet): Promise<TokenSet>;
  /** A new one, now. */
  renewNow(): Promise<TokenSet>;
  /** Whether there is anything to renew this one with. */
  canRenew(tokens: TokenSet): boolean;
}

export interface TokenAccessOptions {
  readonly session: Session;
  readonly renewal: Renewal;
  readonly cooldown: Cooldown;
  readonly clock: Clock;
  readonly mode: Mode;
  /** Whether the option `renew` is given. */
  readonly hasRenew: boolean;
  /** `false`: the token set is used as it is. */
  readonly renews: boolean;
}

export const disposed = (): TokenError => new TokenError('disposed', 'The token manager was disposed of.');

export function createTokenAccess(options: TokenAccessOptions): TokenAccess {
  const { session, renewal, cooldown, clock, mode, hasRenew, renews } = options;

  const canRenew = ({ refreshExpiresAt = Number.POSITIVE_INFINITY }: TokenSet) =>
    mode.isUnattended || (hasRenew && renews && clock.now() < refreshExpiresAt);

  function fresh(): TokenSet | null | undefined {
    const { tokens, schedule } = session;
    if (mode.isDisposed) return undefined;
    if (!tokens) return tokens === undefined || mode.isRestoring || mode.isUnattended ? undefined : null;
    const now = clock.now();
    return now < schedule.softAt && now >= schedule.from ? tokens : stale(tokens, now);
  }

  /** A token set that is not fresh any more: still good in the soft zone, in which a successor is fetched. */
  function stale(tokens: TokenSet, now: number): TokenSet | undefined {
    if (!renews) return tokens;
    const { from, hardAt } = session.schedule;
    if (now >= hardAt || (now < from && canRenew(tokens))) return undefined;
    if (!renewal.running && !cooldown.current(now) && canRenew(tokens)) queueMicrotask(() => renewAhead(tokens));
    return tokens;
  }

  /** Not while somebody asks: that may be a component that renders, and listeners of the state would set another's. */
  function renewAhead(tokens: TokenSet): void {
    if (session.tokens === tokens && !renewal.running && !mode.isDisposed) renewal.start('ahead').catch(() => {});
  }

  async function wait(): Promise<TokenSet | null> {
    await session.loaded;
    if (mode.isDisposed) throw disposed();
    const ready = fresh();
    if (ready !== undefined) return ready;
    const tokens = session.tokens ?? undefined;
    try {
      return await renewal.start(tokens ? 'expired' : mode.isRestoring ? 'restore' : 'credentials');
    } catch (error) {
      const isValid =
        tokens && session.tokens === tokens && clock.now() < (tokens.expiresAt ?? Number.POSITIVE_INFINITY);
      if (isValid && !mode.isDisposed) return tokens;
      throw error;
    }
  }

  return {
    fresh,
    wait,
    canRenew,
    async successorOf(refused) {
      if (mode.isDisposed) throw disposed();
      for (let waits = 0; ; waits++) {
        const { tokens } = session;
        if (tokens?.session !== refused.session) throw sessionIsOver();
        if (tokens.accessToken !== refused.accessToken) return tokens;
        if (waits === 2)
          throw new TokenError('noProgress', 'The renewal brought the token that had just been refused.');
        await renewal.start('refused'); // the one we joined may have been asked for another reason, and bring the same token
      }
    },
    async renewNow() {
      await session.loaded;
      if (mode.isDisposed) throw disposed();
      const tokens = await (session.tokens ? renewal.start('asked') : wait());
      if (tokens) return tokens;
      throw new TokenError('signedOut', 'Nobody is signed in.');
    },
  };
}
