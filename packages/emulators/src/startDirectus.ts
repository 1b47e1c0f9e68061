import { randomUUID } from 'node:crypto';
import { GraphQLError } from 'graphql';
import { createTokenIssuer, type TokenIssuer, type User } from './createTokenIssuer.ts';
import type { SchemaExtension } from './demoSchema.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { type Refusal, result } from './refusals.ts';
import { startEmulator } from './startEmulator.ts';

export interface DirectusKnobs extends CommonKnobs {
  /** The setting `ACCESS_TOKEN_TTL`. @defaultValue 900,000 (15 minutes) */
  accessLifetimeMs: number;
  /** The setting `REFRESH_TOKEN_TTL`. @defaultValue 604,800,000 (7 days) */
  refreshLifetimeMs: number;
  /** Whether a sign-in or refresh fails when it is sent with an invalid access token. @defaultValue true */
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
  "expires is the lifetime of the access token in milliseconds."
  type auth_tokens { access_token: String refresh_token: String expires: String }
`;

const refusals = {
  expired: { status: 401, message: 'Token expired.', code: 'TOKEN_EXPIRED' },
  forged: { status: 403, message: 'Invalid token.', code: 'INVALID_TOKEN' },
  missing: { status: 403, message: "You don't have permission to access this.", code: 'FORBIDDEN' },
};

interface DirectusState {
  readonly knobs: DirectusKnobs;
  readonly tokens: TokenIssuer;
  /** The valid refresh token of each session. */
  readonly refreshTokens: Map<string, string>;
}

/**
 * Directus: signs in and refreshes by mutations of its system API. Each refresh returns a new refresh token and uses up the old
 * one.
 */
export async function startDirectus(options: StartOptions<DirectusKnobs> = {}): Promise<Emulator<DirectusKnobs>> {
  const knobs: DirectusKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 900_000,
    refreshLifetimeMs: 604_800_000,
    staleTokenSpoils: true,
    ...options,
  };
  const tokens = createTokenIssuer(knobs);
  const directus: DirectusState = { knobs, tokens, refreshTokens: new Map() };

  return startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql/system',
      cors: { origin: 'echo', expose: () => ['Content-Range'] },
      tokenFields: { auth_login: 'signIn', auth_refresh: 'refresh', auth_logout: 'revoke' },
      schema: { typeDefs, resolvers: resolversOf(directus) },
      staleTokenSpoils: () => knobs.staleTokenSpoils,
      refuse,
    },
    options.port,
  );
}

interface LoginArgs {
  readonly email: string;
  readonly password: string;
}

interface RefreshTokenArgs {
  readonly refresh_token?: string | null;
}

function resolversOf(directus: DirectusState): SchemaExtension['resolvers'] {
  return {
    Mutation: {
      auth_login: (_, args: LoginArgs) => login(directus, args),
      auth_refresh: (_, args: RefreshTokenArgs) => refresh(directus, args),
      auth_logout: (_, args: RefreshTokenArgs) => logout(directus, args),
    },
  };
}

function login(directus: DirectusState, { email, password }: LoginArgs) {
  const user = users.find(each => each.username === email && each.password === password);
  if (!user) throw invalidCredentials();
  return issueTokens(directus, user, randomUUID());
}

async function refresh(directus: DirectusState, { refresh_token }: RefreshTokenArgs) {
  const { user, sessionId } = await useRefreshToken(directus, refresh_token);
  return issueTokens(directus, user, sessionId);
}

async function logout(directus: DirectusState, { refresh_token }: RefreshTokenArgs) {
  const { sessionId } = await useRefreshToken(directus, refresh_token);
  directus.tokens.revoke(issued => issued.sessionId === sessionId);
  return true;
}

/** Uses up the refresh token. @throws GraphQLError when it is not valid */
async function useRefreshToken({ tokens, refreshTokens }: DirectusState, token: string | null | undefined) {
  const reading = await tokens.read(token ?? undefined);
  if (!token || reading.state !== 'valid' || refreshTokens.get(reading.sessionId) !== token) throw invalidCredentials();
  refreshTokens.delete(reading.sessionId);
  return reading;
}

async function issueTokens({ knobs, tokens, refreshTokens }: DirectusState, user: User, sessionId: string) {
  const accessClaims = { id: user.id, role: 'reader', app_access: false, iss: 'directus' };
  const access_token = await tokens.issue({ kind: 'access', user, sessionId }, knobs.accessLifetimeMs, accessClaims);
  const refresh_token = await tokens.issue({ kind: 'refresh', user, sessionId }, knobs.refreshLifetimeMs, {});
  refreshTokens.set(sessionId, refresh_token);
  return { access_token, refresh_token, expires: String(knobs.accessLifetimeMs) };
}

function refuse(refusal: Refusal): Response {
  const { state } = refusal.reading;
  const { status, message, code } = refusals[state === 'missing' || state === 'forged' ? state : 'expired'];
  return result(refusal, () => ({ errors: [{ message, extensions: { code } }] }), status);
}

const invalidCredentials = () =>
  new GraphQLError('Invalid user credentials.', { extensions: { code: 'INVALID_CREDENTIALS' } });
