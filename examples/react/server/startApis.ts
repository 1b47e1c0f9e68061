import {
  type Emulator,
  type Stats,
  startAltrata,
  startCollectiveAccess,
  startOli,
  startRealItems,
  startToggle,
  type User,
} from '@latchkey/emulators';
import type { ForeignAddresses } from '../src/addresses.ts';
import { appUsers, beginAtAltrata, beginAtOli, beginAtRealItems } from './beginSession.ts';
import { createSessions, type Sessions } from './createSessions.ts';
import type { Proxied } from './proxyRoutes.ts';

/** One of the page's choices: an auth server with a GraphQL API behind it, and what can be done to it. */
export interface Api {
  /** What the page reaches through the app. */
  readonly proxied?: Proxied;
  /** What the page speaks to itself, at an origin of its own. */
  readonly foreign?: ForeignAddresses[keyof ForeignAddresses];
  /** The sessions that the app's own server keeps for the page. */
  readonly sessions?: Sessions;
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
  readonly isHiding: () => boolean;
  /** The headers that bring tokens can, or cannot, be read by pages of other origins: servers often forget to let them. */
  readonly hideTokens?: (on: boolean) => void;
  readonly close: () => Promise<void>;
}

export type ApiName = 'oli' | 'collectiveaccess' | 'realitems' | 'altrata' | 'toggle' | 'cookie';
export type Apis = Readonly<Record<ApiName, Api>>;

const accessLifetimeMs = 30_000;
const sessionMs = 1_800_000;

/**
 * Each choice has a server of its own, so that their counters do not mix. Open streams notice when their token dies, but for
 * Toggle's: its tokens follow one another too fast for that.
 *
 * @param authServerMs - how long an auth server takes to answer
 */
export async function startApis(authServerMs: number): Promise<Apis> {
  const lives = { accessLifetimeMs, checkStreams: true };
  const [oli, collectiveAccess, realItems, altrata, toggle, cookie] = await Promise.all([
    startOli({ ...lives, refreshLifetimeMs: sessionMs }),
    // Its servers until 2021 answer a fresh token to a refresh, and have the two lifetimes swapped.
    startCollectiveAccess({
      ...lives,
      generation: 'G1',
      refreshLifetimeMs: accessLifetimeMs,
      accessLifetimeMs: sessionMs,
    }),
    startRealItems(lives),
    startAltrata(lives),
    startToggle({ accessLifetimeMs, rotateAfterMs: 5_000, renewExpiredForMs: sessionMs }),
    startOli({ ...lives, refreshLifetimeMs: sessionMs }),
  ]);
  for (const emulator of [oli, collectiveAccess, realItems, altrata, toggle, cookie])
    emulator.delayTokenRequests(authServerMs);

  const ofCookie = createSessions(beginAtOli(cookie));
  const ofRealItems = createSessions(beginAtRealItems(realItems));
  const ofAltrata = createSessions(beginAtAltrata(altrata));
  let isHiding = false;
  return {
    oli: { ...apiOf(oli), foreign: { url: oli.url, tokenUrl: oli.tokenUrl } },
    collectiveaccess: {
      ...apiOf(collectiveAccess),
      foreign: { url: collectiveAccess.url, authUrl: collectiveAccess.authUrl },
      setLifetime: ms => collectiveAccess.configure({ refreshLifetimeMs: ms }),
    },
    realitems: {
      ...apiOf(realItems, ofRealItems),
      proxied: { origin: realItems.origin },
    },
    altrata: {
      ...apiOf(altrata, ofAltrata),
      users: appUsers,
      proxied: {
        origin: altrata.origin,
        headers: { 'x-api-key': altrata.apiKey },
        usersOnly: ofAltrata,
      },
    },
    toggle: {
      ...apiOf(toggle),
      foreign: { url: toggle.url },
      isHiding: () => isHiding,
      hideTokens(on) {
        isHiding = on;
        toggle.configure({ exposeHeaders: !on });
      },
    },
    cookie: { ...apiOf(cookie, ofCookie), proxied: { origin: cookie.origin } },
  };
}

type Running = Pick<
  Emulator,
  'users' | 'stats' | 'on' | 'expireNow' | 'revoke' | 'configure' | 'failTokenRequests' | 'close'
>;

/** @param sessions - are over too when those of the auth server are: it would be signed in to again */
function apiOf(emulator: Running, sessions?: Sessions): Api {
  const { users, stats, expireNow, close } = emulator;
  let downUntil = 0;
  const isDown = () => Date.now() < downUntil;
  emulator.on('tokenRequest', () => isDown() && emulator.failTokenRequests(1, { status: 503 }));
  return {
    users,
    stats,
    kill: expireNow,
    revoke() {
      sessions?.clear();
      emulator.revoke();
    },
    setLifetime: ms => emulator.configure({ accessLifetimeMs: ms }),
    takeDown(ms) {
      downUntil = Date.now() + ms;
    },
    isDown,
    isHiding: () => false,
    close,
    ...(sessions && { sessions }),
  };
}
