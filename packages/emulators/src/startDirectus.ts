import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { createTokenBook, type User } from './createTokenBook.ts';
import type { SchemaExtension } from './demoSchema.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { type Refusal, result } from './refusals.ts';
import { startEmulator } from './startEmulator.ts';

export interface DirectusKnobs extends CommonKnobs {
  /** The setting `ACCESS_TOKEN_TTL`. @defaultValue 900,000 (15 minutes) */
  accessLifetimeMs: number;
  /** The setting `REFRESH_TOKEN_TTL`. @defaultValue 604,800,000 (7 days) */
  refreshLifetimeMs: number;
  /** Whether a dead token that comes along makes sign-in and refresh fail too. @defaultValue true */
  staleTokenSpoils: boolean;
}

const users: Emulator['users'] = [
  { id: '91', username: 'petra@reef.example', password: 'coral/2^Fan:Sponge', name: 'Petra Lind' },
  { id: '92', username: 'joost@reef.example', password: 'ray:6/^Shoal', name: 'Joost Bakker' },
];

const typeDefs = /* GraphQL */ `
  extend type Mutation {
    auth_login(email: String!, password: String!, mode: auth_mode = json): auth_tokens
    auth_refresh(refresh_token: String, mode: auth_mode = json): auth_tokens
    auth_logout(refresh_token: String, mode: auth_mode = json): Boolean
  }
  enum auth_mode { json }
  "expires: how long the access token lives, in milliseconds."
  type auth_tokens { access_token: String refresh_token: String expires: String }
`;

const refusals = {
  expired: { status: 401, message: 'Token expired.', code: 'TOKEN_EXPIRED' },
  forged: { status: 403, message: 'Invalid token.', code: 'INVALID_TOKEN' },
  missing: { status: 403, message: "You don't have permission to access this.", code: 'FORBIDDEN' },
};

/**
 * Directus: signs in and refreshes by mutations of its system API. Each refresh answers a new refresh token and uses the old
 * one up.
 */
export async function startDirectus(options: StartOptions<DirectusKnobs> = {}): Promise<Emulator<DirectusKnobs>> {
  const knobs: DirectusKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 900_000,
    refreshLifetimeMs: 604_800_000,
    staleTokenSpoils: true,
    ...options,
  };
  const tokens = createTokenBook(knobs);
  /** The refresh token that is good now, by session. */
  const current = new Map<string, string>();

  const answerTokens = async (user: User, sessionId: string) => {
    const access_token = await tokens.issue({ kind: 'access', user, sessionId }, knobs.accessLifetimeMs, {
      id: user.id,
      role: 'reader',
      app_access: false,
      iss: 'directus',
    });
    const refresh_token = await tokens.issue({ kind: 'refresh', user, sessionId }, knobs.refreshLifetimeMs, {});
    current.set(sessionId, refresh_token);
    return { access_token, refresh_token, expires: String(knobs.accessLifetimeMs) };
  };

  const login = ({ email, password }: { email: string; password: string }) => {
    const user = users.find(one => one.username === email && one.password === password);
    if (!user) throw invalidCredentials();
    return answerTokens(user, randomUUID());
  };

  /** Uses the refresh token up. */
  const sessionOf = async (token: string | null | undefined) => {
    const reading = await tokens.read(token ?? undefined);
    if (!token || reading.state !== 'valid' || current.get(reading.sessionId) !== token) throw invalidCredentials();
    current.delete(reading.sessionId);
    return reading;
  };

  const refresh = async ({ refresh_token }: { refresh_token?: string | null }) => {
    const { user, sessionId } = await sessionOf(refresh_token);
    return answerTokens(user, sessionId);
  };

  const logout = async ({ refresh_token }: { refresh_token?: string | null }) => {
    const { sessionId } = await sessionOf(refresh_token);
    tokens.revoke(issued => issued.sessionId === sessionId);
    return true;
  };

  const schema: SchemaExtension = {
    typeDefs,
    resolvers: {
      Mutation: {
        auth_login: (_, args: { email: string; password: string }) => login(args),
        auth_refresh: (_, args: { refresh_token?: string | null }) => refresh(args),
        auth_logout: (_, args: { refresh_token?: string | null }) => logout(args),
      },
    },
  };

  return startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql/system',
      cors: { origin: 'echo', expose: () => ['Content-Range'] },
      tokenFields: { auth_login: 'signIn', auth_refresh: 'refresh', auth_logout: 'revoke' },
      schema,
      staleTokenSpoils: () => knobs.staleTokenSpoils,
      refuse,
    },
    options.port,
  );
}

function refuse(refusal: Refusal): Response {
  const { state } = refusal.reading;
  const { status, message, code } = refusals[state === 'missing' || state === 'forged' ? state : 'expired'];
  return result(refusal, () => ({ errors: [{ message, extensions: { code } }] }), status);
}

const invalidCredentials = () =>
  new GraphQLError('Invalid user credentials.', { extensions: { code: 'INVALID_CREDENTIALS' } });
