import { GraphQLError } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { envelop, refuseEachField } from './collectiveAccessAnswers.ts';
import { createExecutor } from './createExecutor.ts';
import type { TokenRequestKind } from './createJournal.ts';
import { createTokenBook, type TokenKind, type User } from './createTokenBook.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { readOperations } from './readOperations.ts';
import { startEmulator } from './startEmulator.ts';

export interface CollectiveAccessKnobs extends CommonKnobs {
  /** The setting `graphql_services_jwt_access_token_lifetime`. @defaultValue 600,000 (10 minutes) */
  accessLifetimeMs: number;
  /** The setting `graphql_services_jwt_refresh_token_lifetime`. @defaultValue 86,400,000 (1 day) */
  refreshLifetimeMs: number;
  /**
   * What the server's age does to tokens.
   *
   * - `G1`, until November 2021: the two lifetimes are swapped; a refresh answers a fresh token
   * - `G2`, until July 2023: swapped; a refresh copies all claims, so it answers the refresh token itself
   * - `G3`, now: the lifetimes are right; a refresh answers the refresh token itself
   *
   * @defaultValue `G3`
   */
  generation: 'G1' | 'G2' | 'G3';
}

export interface CollectiveAccess extends Emulator<CollectiveAccessKnobs> {
  /** The endpoint that answers `login` and `refresh`. */
  readonly authUrl: string;
}

const authPath = '/service/Auth';
const host = { iss: 'museum.example', aud: 'museum.example' };

const users: Emulator['users'] = [
  {
    id: '7',
    username: 'archive_bot',
    password: 'reed^pen/3:Vellum',
    name: 'Ina Harrow',
  },
  {
    id: '8',
    username: 'loans_desk',
    password: 'crate:12/wax^Seal',
    name: 'Bram Tolliver',
  },
];

const typeDefs = /* GraphQL */ `
  type Query {
    login(username: String, password: String): Login
    refresh(token: String): Refresh
  }
  type Login { jwt: String refresh: String user: User }
  type Refresh { jwt: String }
  type User { id: Int fname: String lname: String email: String }
`;

const kinds: Readonly<Record<string, TokenRequestKind>> = {
  login: 'signIn',
  refresh: 'refresh',
};

/**
 * CollectiveAccess Providence: `login` and `refresh` are GraphQL queries on an endpoint of their own. Errors are masked; an
 * expired token shows by `expiredToken` beside the message and by 401, everything else is 500. There is no logout and no
 * revocation: `revoke()` makes all tokens expire.
 */
export async function startCollectiveAccess(
  options: StartOptions<CollectiveAccessKnobs> = {},
): Promise<CollectiveAccess> {
  const knobs: CollectiveAccessKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 600_000,
    refreshLifetimeMs: 86_400_000,
    generation: 'G3',
    ...options,
  };
  const tokens = createTokenBook(knobs);
  const lifetimeMs = (kind: TokenKind) =>
    (kind === 'access') === (knobs.generation === 'G3') ? knobs.accessLifetimeMs : knobs.refreshLifetimeMs;
  const issue = (kind: TokenKind, user: User) =>
    tokens.issue({ kind, user, sessionId: user.id }, lifetimeMs(kind), {
      ...host,
      id: user.id,
    });

  const login = async ({ username, password }: Credentials) => {
    const user = users.find(one => one.username === username && one.password === password);
    if (!user) return { jwt: null, refresh: null, user: null };
    const [fname, lname] = user.name.split(' ');
    return {
      jwt: await issue('access', user),
      refresh: await issue('refresh', user),
      user: {
        id: Number(user.id),
        fname,
        lname,
        email: `${user.username}@museum.example`,
      },
    };
  };

  const refresh = async (token: string | null | undefined) => {
    if (!token) return { jwt: null };
    const reading = await tokens.read(token);
    if (!('user' in reading)) throw new GraphQLError('Invalid token');
    if (reading.state !== 'valid')
      throw new GraphQLError('Expired token', {
        extensions: { expiredToken: true },
      });
    // Any token will do here, an access token too.
    return {
      jwt: await (knobs.generation === 'G1' ? issue('access', reading.user) : tokens.copy(reading.claims)),
    };
  };

  const auth = createExecutor(
    createSchema({
      typeDefs,
      resolvers: {
        Query: {
          login: (_, credentials: Credentials) => login(credentials),
          refresh: (_, { token }: { token?: string | null }) => refresh(token),
        },
      },
    }),
    authPath,
  );

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/service/item',
      cors: { origin: '*', expose: () => [] },
      findToken: request => /Bearer\s(\S+)/.exec(request.headers.get('authorization') ?? '')?.[1],
      accepts: ({ state }) => state === 'valid',
      refuse: refuseEachField,
      finish: envelop,
      tokenEndpoints: {
        [authPath]: {
          kind: async request => kinds[(await readOperations(request)).list[0]?.fields[0]?.name ?? ''] ?? 'unknown',
          answer: async request => envelop(await auth(request, {})),
        },
      },
    },
    options.port,
  );
  return { ...emulator, authUrl: emulator.origin + authPath };
}

interface Credentials {
  readonly username?: string | null;
  readonly password?: string | null;
}
