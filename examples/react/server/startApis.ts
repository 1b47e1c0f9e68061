import {
  type Emulator,
  type Stats,
  startAltrata,
  startCollectiveAccess,
  startOli,
  startRealItems,
  startToggle,
  type Toggle,
  type User,
} from '@latchkey/emulators';
import type { CrossOriginAddresses } from '../src/addresses.ts';
import { appUsers, beginAtAltrata, beginAtOli, beginAtRealItems } from './beginSession.ts';
import { createSessions, type Sessions } from './createSessions.ts';
import type { Proxied } from './proxyRoutes.ts';

/** One of the page's choices: an auth server with a GraphQL API, and the faults that it can have. */
export interface Api {
  /** Present where the page reaches the API through the app's own origin. */
  readonly proxied?: Proxied;
  /** Present where the page calls the API at another origin. */
  readonly crossOrigin?: CrossOriginAddresses[keyof CrossOriginAddresses];
  /** The sessions that the app's own server keeps. */
  readonly sessions?: Sessions;
  readonly users: readonly User[];
  readonly stats: () => Stats;
  /** Makes every access token issued so far expire. */
  readonly expireTokens: () => void;
  /** Ends every session. */
  readonly revokeSessions: () => void;
  /** Sets the lifetime of tokens that are issued from now on. */
  readonly setLifetime: (ms: number) => void;
  /** The auth server answers 503 for this time; 0 ends the outage. */
  readonly takeDown: (ms: number) => void;
  readonly isDown: () => boolean;
  readonly isHiding: () => boolean;
  /** Sets whether CORS hides the response headers with tokens from pages, a common mistake of servers. */
  readonly hideTokens?: (on: boolean) => void;
  readonly close: () => Promise<void>;
}

export type ApiName = 'oli' | 'collectiveaccess' | 'realitems' | 'altrata' | 'toggle' | 'cookie';
export type Apis = Readonly<Record<ApiName, Api>>;

const accessLifetimeMs = 30_000;
const sessionMs = 1_800_000;

/** @param authServerMs - how long an auth server takes to answer */
export async function startApis(authServerMs: number): Promise<Apis> {
  const emulators = await startEmulators();
  for (const emulator of Object.values(emulators)) emulator.delayTokenRequests(authServerMs);

  const { oli, collectiveAccess, realItems, altrata, toggle, cookie } = emulators;
  const altrataSessions = createSessions(beginAtAltrata(altrata));
  return {
    oli: { ...apiOf(oli), crossOrigin: { url: oli.url, tokenUrl: oli.tokenUrl } },
    collectiveaccess: {
      ...apiOf(collectiveAccess),
      crossOrigin: { url: collectiveAccess.url, authUrl: collectiveAccess.authUrl },
      setLifetime: ms => collectiveAccess.configure({ refreshLifetimeMs: ms }),
    },
    realitems: {
      ...apiOf(realItems, createSessions(beginAtRealItems(realItems))),
      proxied: { origin: realItems.origin },
    },
    altrata: {
      ...apiOf(altrata, altrataSessions),
      users: appUsers,
      proxied: {
        origin: altrata.origin,
        headers: { 'x-api-key': altrata.apiKey },
        requiredSessions: altrataSessions,
      },
    },
    toggle: { ...apiOf(toggle), crossOrigin: { url: toggle.url }, ...hidingOf(toggle) },
    cookie: { ...apiOf(cookie, createSessions(beginAtOli(cookie))), proxied: { origin: cookie.origin } },
  };
}

/** One server for each choice, so that each has its own counters. Toggle replaces tokens too fast for checked streams. */
async function startEmulators() {
  const lifetimes = { accessLifetimeMs, checkStreams: true };
  const [oli, collectiveAccess, realItems, altrata, toggle, cookie] = await Promise.all([
    startOli({ ...lifetimes, refreshLifetimeMs: sessionMs }),
    // Servers until 2021 return a new token for a refresh, and have the two lifetimes swapped.
    startCollectiveAccess({
      ...lifetimes,
      generation: 'G1',
      refreshLifetimeMs: accessLifetimeMs,
      accessLifetimeMs: sessionMs,
    }),
    startRealItems(lifetimes),
    startAltrata(lifetimes),
    startToggle({ accessLifetimeMs, rotateAfterMs: 5_000, renewExpiredForMs: sessionMs }),
    startOli({ ...lifetimes, refreshLifetimeMs: sessionMs }),
  ]);
  return { oli, collectiveAccess, realItems, altrata, toggle, cookie };
}

type Running = Pick<
  Emulator,
  'users' | 'stats' | 'on' | 'expireNow' | 'revoke' | 'configure' | 'failTokenRequests' | 'close'
>;

/** @param sessions - are cleared when those of the auth server are revoked: otherwise they would sign in again */
function apiOf(emulator: Running, sessions?: Sessions): Api {
  const { users, stats, expireNow, close } = emulator;
  let downUntil = 0;
  const isDown = () => Date.now() < downUntil;
  emulator.on('tokenRequest', () => isDown() && emulator.failTokenRequests(1, { status: 503 }));
  return {
    users,
    stats,
    expireTokens: expireNow,
    revokeSessions() {
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

function hidingOf(toggle: Toggle): Pick<Api, 'isHiding' | 'hideTokens'> {
  let isHiding = false;
  return {
    isHiding: () => isHiding,
    hideTokens(on) {
      isHiding = on;
      toggle.configure({ exposeHeaders: !on });
    },
  };
}
