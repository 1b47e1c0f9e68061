import { randomUUID } from 'node:crypto';
import type { TokenBook, User } from './createTokenBook.ts';
import { json } from './refusals.ts';

export interface RealmKnobs {
  /** @defaultValue 300,000 (5 minutes) */
  accessLifetimeMs: number;
  /** How long a session may be idle. @defaultValue 1,800,000 (30 minutes) */
  refreshLifetimeMs: number;
  /** How long a session lasts at most, however often it is refreshed. @defaultValue 36,000,000 (10 hours) */
  sessionMaxMs: number;
  /** Whether a refresh token is good for one use. Using it again ends the session. @defaultValue true */
  rotate: boolean;
  /** How often a session forgives that. @defaultValue 0 */
  reuseLimit: number;
  /** A refresh answers 200 with the bare word `refresh_expires_in`, as the page shows it. @defaultValue false */
  garbageRefreshBody: boolean;
  /** `refresh_expires_in: 0`, as offline sessions have it. @defaultValue false */
  zeroRefreshExpiresIn: boolean;
  /** A refresh answers no refresh token: the old one stays. @defaultValue false */
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
  /** The one that is good now; with rotation on, any other is used up. */
  refreshToken: string;
  reuses: number;
  stale: boolean;
}

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

const refuse = (status: number, error: string, error_description: string) =>
  json(status, { error, error_description }, noStore);

/** @param clientId - a public client: it has no secret */
export function createRealm(knobs: RealmKnobs, tokens: TokenBook, users: readonly User[], clientId: string): Realm {
  const sessions = new Map<string, Session>();
  let notBefore = 0;

  const end = ({ id }: Session) => {
    sessions.delete(id);
    tokens.revoke(({ sessionId }) => sessionId === id);
  };

  const answerTokens = async (session: Session, omitRefreshToken = false) => {
    const { id, user, startedAt } = session;
    const issued = { user, sessionId: id };
    const left = startedAt + knobs.sessionMaxMs - tokens.now();
    const refreshLifetimeMs = Math.max(0, Math.min(knobs.refreshLifetimeMs, left));
    const claims = { sub: user.id, azp: clientId, session_state: id };
    const accessToken = await tokens.issue({ ...issued, kind: 'access' }, knobs.accessLifetimeMs, {
      ...claims,
      typ: 'Bearer',
      preferred_username: user.username,
      name: user.name,
    });
    if (!omitRefreshToken) {
      session.refreshToken = await tokens.issue({ ...issued, kind: 'refresh' }, refreshLifetimeMs, {
        ...claims,
        typ: 'Refresh',
      });
    }
    const refresh = {
      refresh_expires_in: knobs.zeroRefreshExpiresIn ? 0 : refreshLifetimeMs / 1000,
      refresh_token: session.refreshToken,
    };
    return json(
      200,
      {
        access_token: accessToken,
        expires_in: knobs.accessLifetimeMs / 1000,
        ...(omitRefreshToken ? {} : refresh),
        token_type: 'bearer',
        'not-before-policy': notBefore,
        session_state: id,
        scope: 'oli_user_role',
      },
      noStore,
    );
  };

  const signIn = (form: URLSearchParams) => {
    if (!knobs.directGrants) {
      return refuse(400, 'unauthorized_client', 'Client not allowed for direct access grants');
    }
    const user = users.find(
      ({ username, password }) => username === form.get('username') && password === form.get('password'),
    );
    if (!user) return refuse(401, 'invalid_grant', 'Invalid user credentials');
    if (!knobs.accountsSetUp) return refuse(400, 'invalid_grant', 'Account is not fully set up');
    const id = randomUUID();
    const session = {
      id,
      user,
      startedAt: tokens.now(),
      refreshToken: '',
      reuses: 0,
      stale: false,
    };
    sessions.set(id, session);
    return answerTokens(session);
  };

  const refresh = async (form: URLSearchParams) => {
    const token = form.get('refresh_token');
    if (!token) return refuse(400, 'invalid_request', 'No refresh token');
    const reading = await tokens.read(token);
    if (!('kind' in reading) || reading.kind !== 'refresh')
      return refuse(400, 'invalid_grant', 'Invalid refresh token');
    if (reading.state === 'expired') return refuse(400, 'invalid_grant', 'Token is not active');
    const session = sessions.get(reading.sessionId);
    if (!session || reading.state === 'revoked') return refuse(400, 'invalid_grant', 'Session not active');
    if (session.stale) return refuse(400, 'invalid_grant', 'Stale token');
    if (!knobs.clientInSession) return refuse(400, 'invalid_grant', "Session doesn't have required client");
    if (!knobs.accountsSetUp) return refuse(400, 'invalid_grant', 'Account is not fully set up');
    if (knobs.garbageRefreshBody) return new Response('refresh_expires_in', { headers: noStore });
    if (knobs.rotate && token !== session.refreshToken && ++session.reuses > knobs.reuseLimit) {
      end(session);
      return refuse(400, 'invalid_grant', 'Maximum allowed refresh token reuse exceeded');
    }
    // Used up at once: of two refreshes at the same time one is a reuse.
    if (!knobs.omitRefreshToken) session.refreshToken = '';
    return answerTokens(session, knobs.omitRefreshToken);
  };

  return {
    async grant(form) {
      const grantType = form.get('grant_type');
      if (!grantType) return refuse(400, 'invalid_request', 'Missing form parameter: grant_type');
      if (grantType !== 'password' && grantType !== 'refresh_token') {
        return refuse(400, 'unsupported_grant_type', 'Unsupported grant_type');
      }
      if (form.get('client_id') !== clientId) return refuse(400, 'invalid_client', 'Invalid client credentials');
      return grantType === 'password' ? signIn(form) : refresh(form);
    },

    async logout(form) {
      const token = form.get('refresh_token');
      if (!token) return refuse(400, 'invalid_request', 'No refresh token');
      const reading = await tokens.read(token);
      if (!('kind' in reading)) return refuse(400, 'invalid_grant', 'Invalid refresh token');
      const session = sessions.get(reading.sessionId);
      if (session) end(session);
      return new Response(null, { status: 204 });
    },

    pushNotBefore() {
      notBefore = Math.floor(tokens.now() / 1000);
      for (const session of sessions.values()) session.stale = true;
      tokens.expireAccessTokens();
    },
  };
}
