import { randomUUID } from 'node:crypto';
import type { TokenIssuer, User } from './createTokenIssuer.ts';
import { json } from './refusals.ts';

export interface RealmKnobs {
  /** @defaultValue 300,000 (5 minutes) */
  accessLifetimeMs: number;
  /** How long a session may be idle. @defaultValue 1,800,000 (30 minutes) */
  refreshLifetimeMs: number;
  /** The longest life of a session, however often it is refreshed. @defaultValue 36,000,000 (10 hours) */
  sessionMaxMs: number;
  /** Whether a refresh token may be used once only. Using it again ends the session. @defaultValue true */
  rotate: boolean;
  /** How many reuses of refresh tokens a session tolerates. @defaultValue 0 */
  reuseLimit: number;
  /** A refresh returns 200 with the body `refresh_expires_in`, as the API's page shows it. @defaultValue false */
  garbageRefreshBody: boolean;
  /** `refresh_expires_in: 0`, as for offline sessions. @defaultValue false */
  zeroRefreshExpiresIn: boolean;
  /** A refresh returns no refresh token; the old one stays valid. @defaultValue false */
  omitRefreshToken: boolean;
  /** Whether the client may use the password grant. @defaultValue true */
  directGrants: boolean;
  /** Whether the accounts are fully set up. @defaultValue true */
  accountsSetUp: boolean;
  /** Whether the sessions have the required client. @defaultValue true */
  clientInSession: boolean;
}

/** The grants of a Keycloak realm. Each takes the form that was posted. */
export interface Realm {
  readonly grant: (form: URLSearchParams) => Promise<Response>;
  readonly logout: (form: URLSearchParams) => Promise<Response>;
  readonly pushNotBefore: () => void;
}

interface Session {
  readonly id: string;
  readonly user: User;
  readonly startedAt: number;
  /** The valid one; with rotation on, any other is used up. */
  refreshToken: string;
  reuses: number;
  stale: boolean;
}

interface RealmState {
  readonly knobs: RealmKnobs;
  readonly tokens: TokenIssuer;
  readonly users: readonly User[];
  readonly clientId: string;
  readonly sessions: Map<string, Session>;
  /** Seconds since the Unix epoch. */
  notBefore: number;
}

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

/** @param clientId - a public client: it has no secret */
export function createRealm(knobs: RealmKnobs, tokens: TokenIssuer, users: readonly User[], clientId: string): Realm {
  const realm: RealmState = { knobs, tokens, users, clientId, sessions: new Map(), notBefore: 0 };
  return {
    grant: form => grant(realm, form),
    logout: form => logout(realm, form),
    pushNotBefore: () => pushNotBefore(realm),
  };
}

async function grant(realm: RealmState, form: URLSearchParams): Promise<Response> {
  const grantType = form.get('grant_type');
  if (!grantType) return reject(400, 'invalid_request', 'Missing form parameter: grant_type');
  if (grantType !== 'password' && grantType !== 'refresh_token') {
    return reject(400, 'unsupported_grant_type', 'Unsupported grant_type');
  }
  if (form.get('client_id') !== realm.clientId) return reject(400, 'invalid_client', 'Invalid client credentials');
  return grantType === 'password' ? signIn(realm, form) : refresh(realm, form);
}

async function signIn(realm: RealmState, form: URLSearchParams): Promise<Response> {
  const { knobs, tokens, users, sessions } = realm;
  if (!knobs.directGrants) return reject(400, 'unauthorized_client', 'Client not allowed for direct access grants');
  const user = users.find(
    ({ username, password }) => username === form.get('username') && password === form.get('password'),
  );
  if (!user) return reject(401, 'invalid_grant', 'Invalid user credentials');
  if (!knobs.accountsSetUp) return reject(400, 'invalid_grant', 'Account is not fully set up');
  const session: Session = {
    id: randomUUID(),
    user,
    startedAt: tokens.now(),
    refreshToken: '',
    reuses: 0,
    stale: false,
  };
  sessions.set(session.id, session);
  return tokenResponse(realm, session);
}

async function refresh(realm: RealmState, form: URLSearchParams): Promise<Response> {
  const { knobs, tokens, sessions } = realm;
  const token = form.get('refresh_token');
  if (!token) return reject(400, 'invalid_request', 'No refresh token');
  const reading = await tokens.read(token);
  if (!('kind' in reading) || reading.kind !== 'refresh') return reject(400, 'invalid_grant', 'Invalid refresh token');
  if (reading.state === 'expired') return reject(400, 'invalid_grant', 'Token is not active');
  const session = sessions.get(reading.sessionId);
  if (!session || reading.state === 'revoked') return reject(400, 'invalid_grant', 'Session not active');
  if (session.stale) return reject(400, 'invalid_grant', 'Stale token');
  if (!knobs.clientInSession) return reject(400, 'invalid_grant', "Session doesn't have required client");
  if (!knobs.accountsSetUp) return reject(400, 'invalid_grant', 'Account is not fully set up');
  if (knobs.garbageRefreshBody) return new Response('refresh_expires_in', { headers: noStore });
  if (knobs.rotate && token !== session.refreshToken && ++session.reuses > knobs.reuseLimit) {
    end(realm, session);
    return reject(400, 'invalid_grant', 'Maximum allowed refresh token reuse exceeded');
  }
  // Used up before the next await, so that the second of two concurrent refreshes is a reuse.
  if (!knobs.omitRefreshToken) session.refreshToken = '';
  return tokenResponse(realm, session, knobs.omitRefreshToken);
}

async function logout(realm: RealmState, form: URLSearchParams): Promise<Response> {
  const token = form.get('refresh_token');
  if (!token) return reject(400, 'invalid_request', 'No refresh token');
  const reading = await realm.tokens.read(token);
  if (!('kind' in reading)) return reject(400, 'invalid_grant', 'Invalid refresh token');
  const session = realm.sessions.get(reading.sessionId);
  if (session) end(realm, session);
  return new Response(null, { status: 204 });
}

function pushNotBefore(realm: RealmState): void {
  realm.notBefore = Math.floor(realm.tokens.now() / 1000);
  for (const session of realm.sessions.values()) session.stale = true;
  realm.tokens.expireAccessTokens();
}

function end({ sessions, tokens }: RealmState, { id }: Session): void {
  sessions.delete(id);
  tokens.revoke(({ sessionId }) => sessionId === id);
}

async function tokenResponse(realm: RealmState, session: Session, omitRefreshToken = false): Promise<Response> {
  const { knobs, tokens, clientId } = realm;
  const { id, user, startedAt } = session;
  const issued = { user, sessionId: id };
  const remainingMs = startedAt + knobs.sessionMaxMs - tokens.now();
  const refreshLifetimeMs = Math.max(0, Math.min(knobs.refreshLifetimeMs, remainingMs));
  const claims = { sub: user.id, azp: clientId, session_state: id };
  const accessClaims = { ...claims, typ: 'Bearer', preferred_username: user.username, name: user.name };
  const refreshClaims = { ...claims, typ: 'Refresh' };

  const accessToken = await tokens.issue({ ...issued, kind: 'access' }, knobs.accessLifetimeMs, accessClaims);
  if (!omitRefreshToken) {
    session.refreshToken = await tokens.issue({ ...issued, kind: 'refresh' }, refreshLifetimeMs, refreshClaims);
  }
  const refreshParts = {
    refresh_expires_in: knobs.zeroRefreshExpiresIn ? 0 : refreshLifetimeMs / 1000,
    refresh_token: session.refreshToken,
  };
  const body = {
    access_token: accessToken,
    expires_in: knobs.accessLifetimeMs / 1000,
    ...(omitRefreshToken ? {} : refreshParts),
    token_type: 'bearer',
    'not-before-policy': realm.notBefore,
    session_state: id,
    scope: 'oli_user_role',
  };
  return json(200, body, noStore);
}

const reject = (status: number, error: string, error_description: string) =>
  json(status, { error, error_description }, noStore);
