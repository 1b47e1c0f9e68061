import { createTokenIssuer, type Issued, type TokenIssuer, type User } from './createTokenIssuer.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { readBasic } from './readBasic.ts';
import { json, type Refusal } from './refusals.ts';
import { startEmulator } from './startEmulator.ts';

export interface AltrataKnobs extends CommonKnobs {
  /** @defaultValue 28,800,000 (8 hours) */
  accessLifetimeMs: number;
  /** Whether a new token revokes the previous one. @defaultValue true */
  killPrevious: boolean;
  /** How long the previous token stays valid. @defaultValue 0 */
  killDelayMs: number;
  /** Whose previous tokens are revoked: those of the same service user, or all of the same API key. @defaultValue `user` */
  oneTokenPer: 'user' | 'key';
  /** Whether a token request with a wrong secret revokes the user's token. @defaultValue false */
  failureKills: boolean;
  /** Where `grant_type` is read from. @defaultValue `query` */
  grantTypeIn: 'query' | 'body' | 'either';
  /** Whether the API key is checked before the secret. @defaultValue true */
  keyFirst: boolean;
  /** How many token requests are served before 429. @defaultValue Infinity */
  tokenQuota: number;
}

export interface Altrata extends Emulator<AltrataKnobs> {
  readonly tokenUrl: string;
  /** Every request needs it, as `x-api-key`. */
  readonly apiKey: string;
}

const tokenPath = '/oauth2/token';
const apiKey = 'hk.Beacon(7Qr';

/** Service users: `username` and `password` are sent as `Authorization: Basic`. */
const users: Emulator['users'] = [
  { id: '51', username: 'svc-import', password: 'Wharf.9(x/^m:Crane', name: 'Import Service' },
  { id: '52', username: 'svc-export', password: 'Ledger:2^q/(v.Buoy', name: 'Export Service' },
];

interface AltrataState {
  readonly knobs: AltrataKnobs;
  readonly tokens: TokenIssuer;
  tokenRequests: number;
  /** How many tokens were issued. Each is a session of its own, whose id is its number. */
  issuedTokens: number;
}

/**
 * Altrata: client credentials of a service user with an API key, behind a gateway. There is no refresh token, and a new token
 * revokes the previous one.
 */
export async function startAltrata(options: StartOptions<AltrataKnobs> = {}): Promise<Altrata> {
  const knobs: AltrataKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 28_800_000,
    killPrevious: true,
    killDelayMs: 0,
    oneTokenPer: 'user',
    failureKills: false,
    grantTypeIn: 'query',
    keyFirst: true,
    tokenQuota: Number.POSITIVE_INFINITY,
    ...options,
  };
  const tokens = createTokenIssuer(knobs);
  const altrata: AltrataState = { knobs, tokens, tokenRequests: 0, issuedTokens: 0 };

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql',
      cors: { origin: 'echo', expose: () => [] },
      block: request => (hasKey(request) ? undefined : rejectKey()),
      refuse,
      tokenEndpoints: { [tokenPath]: { kind: () => 'signIn', answer: request => grant(altrata, request) } },
    },
    options.port,
  );
  return { ...emulator, apiKey, tokenUrl: emulator.origin + tokenPath };
}

async function grant(altrata: AltrataState, request: Request): Promise<Response> {
  const { knobs } = altrata;
  altrata.tokenRequests += 1;
  if (altrata.tokenRequests > knobs.tokenQuota) {
    return json(429, { message: 'Too Many Requests' }, { 'retry-after': '1' });
  }
  if (knobs.keyFirst && !hasKey(request)) return rejectKey();
  const basic = readBasic(request);
  const user = users.find(({ username }) => username === basic?.name);
  if (!user || user.password !== basic?.secret) {
    if (user && knobs.failureKills) revokeOlder(altrata, user, altrata.issuedTokens + 1);
    return rejectSecret();
  }
  if (!hasKey(request)) return rejectKey();
  if ((await grantTypeOf(request, knobs)) !== 'client_credentials') {
    return json(400, { error: 'unsupported_grant_type' });
  }
  return issueToken(altrata, user);
}

async function grantTypeOf(request: Request, { grantTypeIn }: AltrataKnobs): Promise<string | null> {
  const inQuery = new URL(request.url).searchParams.get('grant_type');
  const inBody = new URLSearchParams(await request.text()).get('grant_type');
  return { query: inQuery, body: inBody, either: inQuery ?? inBody }[grantTypeIn];
}

async function issueToken(altrata: AltrataState, user: User): Promise<Response> {
  const { knobs, tokens } = altrata;
  altrata.issuedTokens += 1;
  const number = altrata.issuedTokens;
  if (knobs.killPrevious) revokeOlder(altrata, user, number);
  const issued: Issued = { kind: 'access', user, sessionId: String(number) };
  const claims = { sub: user.id, client_id: user.username };
  return json(200, {
    access_token: await tokens.issue(issued, knobs.accessLifetimeMs, claims),
    expires_in: knobs.accessLifetimeMs / 1000,
    token_type: 'bearer',
  });
}

/** Revokes the tokens that were issued before the one with this number. */
function revokeOlder({ knobs, tokens }: AltrataState, user: User, number: number): void {
  const isOlder = (issued: Issued) =>
    Number(issued.sessionId) < number && (knobs.oneTokenPer === 'key' || issued.user === user);
  if (knobs.killDelayMs > 0) setTimeout(() => tokens.revoke(isOlder), knobs.killDelayMs).unref();
  else tokens.revoke(isOlder);
}

const refuse = ({ reading }: Refusal) =>
  json(401, { message: reading.state === 'expired' ? 'The incoming token has expired' : 'Unauthorized' });

const hasKey = (request: Request) => request.headers.get('x-api-key') === apiKey;

const rejectKey = () => json(403, { message: 'Forbidden' });
const rejectSecret = () => json(401, { message: 'Unauthorized' });
