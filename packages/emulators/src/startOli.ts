import type { TokenRequestKind } from './createJournal.ts';
import { createRealm, type RealmKnobs } from './createRealm.ts';
import { createTokenIssuer } from './createTokenIssuer.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { refusalShapes } from './refusals.ts';
import { startEmulator } from './startEmulator.ts';

export interface OliKnobs extends CommonKnobs, RealmKnobs {}

export interface Oli extends Emulator<OliKnobs> {
  readonly tokenUrl: string;
  readonly logoutUrl: string;
  readonly clientId: string;
  /** Makes every token issued so far stale, as an administrator does after tokens were stolen. */
  readonly pushNotBefore: () => void;
}

const tokenPath = '/auth/realms/api/protocol/openid-connect/token';
const logoutPath = '/auth/realms/api/protocol/openid-connect/logout';
const clientId = 'apiclient';

const users: Emulator['users'] = [
  {
    id: '11',
    username: 'mara.quill@harbour.example',
    password: 'tide/9^moss:Lantern',
    name: 'Mara Quill',
  },
  {
    id: '12',
    username: 'odo.fenn@harbour.example',
    password: 'gull^4:rope/Anchor',
    name: 'Odo Fenn',
  },
];

const kinds: Readonly<Record<string, TokenRequestKind>> = {
  password: 'signIn',
  refresh_token: 'refresh',
};

const formOf = async (request: Request) => new URLSearchParams(await request.text());

/**
 * OLI Systems: a Keycloak before version 17 with the realm `api`, the public client `apiclient`, the password grant and
 * refresh tokens that rotate. The API behind it refuses with a challenge.
 */
export async function startOli(options: StartOptions<OliKnobs> = {}): Promise<Oli> {
  const knobs: OliKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 300_000,
    refreshLifetimeMs: 1_800_000,
    sessionMaxMs: 36_000_000,
    rotate: true,
    reuseLimit: 0,
    garbageRefreshBody: false,
    zeroRefreshExpiresIn: false,
    omitRefreshToken: false,
    directGrants: true,
    accountsSetUp: true,
    clientInSession: true,
    ...options,
  };
  const tokens = createTokenIssuer(knobs);
  const realm = createRealm(knobs, tokens, users, clientId);

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql',
      cors: { origin: 'echo', expose: () => ['WWW-Authenticate'] },
      refuse: refusalShapes.challenge401,
      tokenEndpoints: {
        [tokenPath]: {
          kind: async request => kinds[(await formOf(request)).get('grant_type') ?? ''] ?? 'unknown',
          answer: async request => realm.grant(await formOf(request)),
        },
        [logoutPath]: {
          kind: () => 'revoke',
          answer: async request => realm.logout(await formOf(request)),
        },
      },
    },
    options.port,
  );
  return {
    ...emulator,
    clientId,
    tokenUrl: emulator.origin + tokenPath,
    logoutUrl: emulator.origin + logoutPath,
    pushNotBefore: realm.pushNotBefore,
  };
}
