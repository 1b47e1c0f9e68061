import { generateKeyPairSync, type JsonWebKey } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Adapter, type AdapterPayload, errors, Provider } from 'oidc-provider';

/** An independent auth server, and an API that looks each token up there. */
export interface OidcServer extends AsyncDisposable {
  readonly issuer: string;
  /** The API: answers the user's name, or 401 with a challenge. */
  readonly url: string;
  readonly clientId: string;
  readonly user: { readonly username: string; readonly password: string };
  readonly provider: Provider;
  /** Lets every access token issued so far expire, in the provider's own store. */
  readonly expireNow: () => void;
  readonly counts: () => OidcCounts;
}

export interface OidcCounts {
  readonly tokenRequests: number;
  readonly refused: number;
  readonly executed: number;
}

const clientId = 'harbour-app';
const user = { username: 'mara.quill', password: 'tide/9^moss:Lantern' };

/** The lifetime of an access token. */
export const oidcLifetimeMs = 600_000;

type Entries = Map<string, AdapterPayload>;

/** The provider's store, in which the test can put an expiry into the past. */
function storeOf(entries: Entries, model: string): Adapter {
  const keyOf = (id: string) => `${model}:${id}`;
  const entryWith = (field: 'uid' | 'userCode', value: string) =>
    [...entries.values()].find(entry => entry[field] === value);
  return {
    upsert: async (id, payload) => void entries.set(keyOf(id), payload),
    find: async id => entries.get(keyOf(id)),
    findByUid: async uid => entryWith('uid', uid),
    findByUserCode: async userCode => entryWith('userCode', userCode),
    consume: async id => void Object.assign(entries.get(keyOf(id)) ?? {}, { consumed: true }),
    destroy: async id => void entries.delete(keyOf(id)),
    async revokeByGrantId(grantId) {
      for (const [key, entry] of entries) if (entry.grantId === grantId) entries.delete(key);
    },
  };
}

/** The provider has no password grant. Its API for further grants adds one. */
function addPasswordGrant(provider: Provider): void {
  provider.registerGrantType<Partial<typeof user>>(
    'password',
    async ctx => {
      const { client, params } = ctx.oidc;
      const { username, password } = params;
      if (username !== user.username || password !== user.password) throw new errors.InvalidGrant('no such user');
      const grant = new provider.Grant({ accountId: username, clientId: client.clientId });
      grant.addOIDCScope('offline_access');
      const grantId = await grant.save();
      const issued = { client, accountId: username, grantId, gty: 'password', scope: 'offline_access' };
      ctx.body = {
        access_token: await new provider.AccessToken(issued).save(),
        refresh_token: await new provider.RefreshToken(issued).save(),
        expires_in: oidcLifetimeMs / 1000,
        token_type: 'Bearer',
      };
    },
    ['username', 'password'],
  );
}

function createProvider(issuer: string, entries: Entries): Provider {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const key: JsonWebKey = privateKey.export({ format: 'jwk' });
  const provider = new Provider(issuer, {
    adapter: model => storeOf(entries, model),
    jwks: { keys: [{ ...(key as { kty: 'EC'; crv: 'P-256'; x: string; y: string; d: string }), use: 'sig' }] },
    clients: [
      {
        client_id: clientId,
        token_endpoint_auth_method: 'none',
        grant_types: ['password', 'refresh_token'],
        response_types: [],
        redirect_uris: [],
      },
    ],
    clientDefaults: { id_token_signed_response_alg: 'ES256' },
    features: {
      devInteractions: { enabled: false },
      revocation: { enabled: true, allowedPolicy: (_, client, token) => token.clientId === client.clientId },
    },
    rotateRefreshToken: true,
    ttl: { AccessToken: oidcLifetimeMs / 1000, RefreshToken: 86_400, Grant: 86_400 },
    findAccount: (_, accountId) => ({ accountId, claims: async () => ({ sub: accountId }) }),
  });
  addPasswordGrant(provider);
  return provider;
}

/** Starts oidc-provider with rotation. It always revokes the grant when a refresh token is used a second time. */
export async function startOidcProvider(): Promise<OidcServer> {
  const entries: Entries = new Map();
  const counts = { tokenRequests: 0, refused: 0, executed: 0 };

  const answerApi = async (request: IncomingMessage, response: ServerResponse) => {
    const token = await provider.AccessToken.find(request.headers.authorization?.replace(/^Bearer /, '') ?? '');
    counts[token ? 'executed' : 'refused']++;
    const headers = { 'content-type': 'application/json' };
    if (token) response.writeHead(200, headers).end(JSON.stringify({ data: { me: { name: token.accountId } } }));
    else response.writeHead(401, { ...headers, 'www-authenticate': 'Bearer error="invalid_token"' }).end('{}');
  };

  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url ?? '', issuer);
    if (pathname === '/token') counts.tokenRequests++;
    if (pathname === '/graphql') void answerApi(request, response);
    else void callback(request, response);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = createProvider(issuer, entries);
  const callback = provider.callback();

  return {
    issuer,
    url: `${issuer}/graphql`,
    clientId,
    user,
    provider,
    counts: () => ({ ...counts }),
    expireNow() {
      const pastS = Math.floor(Date.now() / 1000) - 60; // more than the clock skew that it tolerates
      for (const [key, entry] of entries) if (key.startsWith('AccessToken:')) entry.exp = pastS;
    },
    async [Symbol.asyncDispose]() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
