import { type Emulator, type Stats, startCollectiveAccess, startOli, type User } from '@latchkey/emulators';

/** One of the page's choices: an auth server with a GraphQL API behind it, and what can be done to it. */
export interface Api {
  readonly origin: string;
  readonly tokenUrl: string;
  readonly users: readonly User[];
  readonly stats: () => Stats;
  /** Every access token is dead from now on. */
  readonly kill: () => void;
  /** Every session is over. */
  readonly revoke: () => void;
  /** How long the tokens live that are issued from now on. */
  readonly setLifetime: (ms: number) => void;
  /** The auth server is out of order for so long; 0 brings it back. */
  readonly takeDown: (ms: number) => void;
  readonly isDown: () => boolean;
  readonly close: () => Promise<void>;
}

export type ApiName = 'oli' | 'collectiveaccess' | 'cookie';
export type Apis = Readonly<Record<ApiName, Api>>;

const lifetimeMs = 30_000;
const sessionMs = 1_800_000;

/**
 * Each choice has a server of its own, so that their counters do not mix. Open streams notice when their token dies.
 *
 * @param authServerMs - how long an auth server takes to answer
 */
export async function startApis(authServerMs: number): Promise<Apis> {
  const oliOptions = { accessLifetimeMs: lifetimeMs, refreshLifetimeMs: sessionMs, checkStreams: true };
  const [oli, collectiveAccess, cookie] = await Promise.all([
    startOli(oliOptions),
    // Its servers until 2021 answer a fresh token to a refresh, and have the two lifetimes swapped.
    startCollectiveAccess({
      generation: 'G1',
      refreshLifetimeMs: lifetimeMs,
      accessLifetimeMs: sessionMs,
      checkStreams: true,
    }),
    startOli(oliOptions),
  ]);
  for (const emulator of [oli, collectiveAccess, cookie]) emulator.delayTokenRequests(authServerMs);
  return {
    oli: apiOf(oli, oli.tokenUrl, ms => oli.configure({ accessLifetimeMs: ms })),
    collectiveaccess: apiOf(collectiveAccess, collectiveAccess.authUrl, ms =>
      collectiveAccess.configure({ refreshLifetimeMs: ms }),
    ),
    cookie: apiOf(cookie, cookie.tokenUrl, ms => cookie.configure({ accessLifetimeMs: ms })),
  };
}

type Running = Pick<Emulator, 'origin' | 'users' | 'stats' | 'expireNow' | 'revoke' | 'close'>;

function apiOf(emulator: Running, tokenUrl: string, setLifetime: Api['setLifetime']): Api {
  const { origin, users, stats, expireNow, revoke, close } = emulator;
  let downUntil = 0;
  return {
    origin,
    tokenUrl,
    users,
    stats,
    kill: expireNow,
    revoke,
    setLifetime,
    takeDown(ms) {
      downUntil = Date.now() + ms;
    },
    isDown: () => Date.now() < downUntil,
    close,
  };
}
