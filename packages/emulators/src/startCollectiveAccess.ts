import { GraphQLError } from 'graphql';
import { createSchema } from 'graphql-yoga';
import { addOkAndMask, refuseEachField } from './collectiveAccessAnswers.ts';
import { createExecutor } from './createExecutor.ts';
import type { TokenRequestKind } from './createJournal.ts';
import { createTokenIssuer, type TokenIssuer, type TokenKind, type User } from './createTokenIssuer.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { readOperations } from './readOperations.ts';
import { startEmulator } from './startEmulator.ts';

export interface CollectiveAccessKnobs extends CommonKnobs {
  /** The setting `graphql_services_jwt_access_token_lifetime`. @defaultValue 600,000 (10 minutes) */
  accessLifetimeMs: number;
  /** The setting `graphql_services_jwt_refresh_token_lifetime`. @defaultValue 86,400,000 (1 day) */
  refreshLifetimeMs: number;
  /**
   * The age of the server.
   *
   * - `G1`, until November 2021: the two lifetimes are swapped; a refresh returns a new token
   * - `G2`, until July 2023: swapped; a refresh copies all claims, so it returns the refresh token itself
   * - `G3`, now: the lifetimes are right; a refresh returns the refresh token itself
   *
   * @defaultValue `G3`
   */
  generation: 'G1' | 'G2' | 'G3';
}

export interface CollectiveAccess extends Emulator<CollectiveAccessKnobs> {
  /** The endpoint of `login` and `refresh`. */
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

interface CollectiveAccessState {
  readonly knobs: CollectiveAccessKnobs;
  readonly tokens: TokenIssuer;
}

/**
 * CollectiveAccess Providence: `login` and `refresh` are GraphQL queries on a separate endpoint. Errors are masked: an expired
 * token is answered by 401 with `expiredToken` next to the message, every other error by 500. There is no logout and no
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
  const tokens = createTokenIssuer(knobs);
  const execute = createAuthExecutor({ knobs, tokens });

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/service/item',
      cors: { origin: '*', expose: () => [] },
      findToken: request =>
        /Bearer\s(\S+)/.exec(request.headers.get('authorization') ?? '')?.[1] ??
        new URL(request.url).searchParams.get('jwt') ??
        undefined,
      accepts: ({ state }) => state === 'valid',
      refuse: refuseEachField,
      finish: addOkAndMask,
      tokenEndpoints: {
        [authPath]: {
          kind: async request => kinds[(await readOperations(request)).list[0]?.fields[0]?.name ?? ''] ?? 'unknown',
          answer: async request => addOkAndMask(await execute(request, {})),
        },
      },
    },
    options.port,
  );
  return { ...emulator, authUrl: emulator.origin + authPath };
}

/** The GraphQL server of the auth endpoint. */
function createAuthExecutor(state: CollectiveAccessState): ReturnType<typeof createExecutor> {
  const resolvers = {
    Query: {
      login: (_: unknown, credentials: Credentials) => login(state, credentials),
      refresh: (_: unknown, { token }: { token?: string | null }) => refresh(state, token),
    },
  };
  return createExecutor(createSchema({ typeDefs, resolvers }), authPath);
}

interface Credentials {
  readonly username?: string | null;
  readonly password?: string | null;
}

async function login(state: CollectiveAccessState, { username, password }: Credentials) {
  const user = users.find(each => each.username === username && each.password === password);
  if (!user) return { jwt: null, refresh: null, user: null };
  const [fname, lname] = user.name.split(' ');
  const email = `${user.username}@museum.example`;
  return {
    jwt: await issue(state, 'access', user),
    refresh: await issue(state, 'refresh', user),
    user: { id: Number(user.id), fname, lname, email },
  };
}

async function refresh(state: CollectiveAccessState, token: string | null | undefined) {
  const { knobs, tokens } = state;
  if (!token) return { jwt: null };
  // The real server accepts every kind of token here, also an access token.
  const reading = await tokens.read(token);
  if (!('user' in reading)) throw new GraphQLError('Invalid token');
  if (reading.state !== 'valid') throw new GraphQLError('Expired token', { extensions: { expiredToken: true } });
  const jwt = knobs.generation === 'G1' ? issue(state, 'access', reading.user) : tokens.reissueAsAccess(reading.claims);
  return { jwt: await jwt };
}

function issue({ knobs, tokens }: CollectiveAccessState, kind: TokenKind, user: User): Promise<string> {
  const usesAccessLifetime = (kind === 'access') === (knobs.generation === 'G3');
  const lifetimeMs = usesAccessLifetime ? knobs.accessLifetimeMs : knobs.refreshLifetimeMs;
  return tokens.issue({ kind, user, sessionId: user.id }, lifetimeMs, { ...host, id: user.id });
}
