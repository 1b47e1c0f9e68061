import { createTokenBook, type Issued, type User } from './createTokenBook.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { readBasic } from './readBasic.ts';
import { json, type Refusal } from './refusals.ts';
import { startEmulator } from './startEmulator.ts';

export interface AltrataKnobs extends CommonKnobs {
  /** @defaultValue 28,800,000 (8 hours) */
  accessLifetimeMs: number;
  /** Whether a new token ends the one before it. @defaultValue true */
  killPrevious: boolean;
  /** How long the one before it still works. @defaultValue 0 */
  killDelayMs: number;
  /** Whose previous token ends: the service user's, or that of everybody with the same API key. @defaultValue `user` */
  oneTokenPer: 'user' | 'key';
  /** Whether a request with a wrong secret ends that user's token too. @defaultValue false */
  failureKills: boolean;
  /** Where `grant_type` is looked for. @defaultValue `query` */
  grantTypeIn: 'query' | 'body' | 'either';
  /** Whether the API key is looked at before the secret. @defaultValue true */
  keyFirst: boolean;
  /** How many token requests are answered before 429. @defaultValue Infinity */
  tokenQuota: number;
}

export interface Altrata extends Emulator<AltrataKnobs> {
  readonly tokenUrl: string;
  /** Belongs on every request, as `x-api-key`. */
  readonly apiKey: string;
}

const tokenPath = '/oauth2/token';
const apiKey = 'hk.Beacon(7Qr';

/** Service users: `username` and `password` go into `Authorization: Basic`. */
const users: Emulator['users'] = [
  { id: '51', username: 'svc-import', password: 'Wharf.9(x/^m:Crane', name: 'Import Service' },
  { id: '52', username: 'svc-export', password: 'Ledger:2^q/(v.Buoy', name: 'Export Service' },
];

const hasKey = (request: Request) => request.headers.get('x-api-key') === apiKey;

const refuseKey = () => json(403, { message: 'Forbidden' });
const refuseSecret = () => json(401, { message: 'Unauthorized' });

/**
 * Altrata: client credentials of a service user with an API key, behind a gateway. There is no refresh token, and a new token
 * ends the one before it.
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
  const tokens = createTokenBook(knobs);
  let asked = 0;
  let generation = 0;

  const grantTypeOf = async (request: Request) => {
    const inQuery = new URL(request.url).searchParams.get('grant_type');
    const inBody = new URLSearchParams(await request.text()).get('grant_type');
    return { query: inQuery, body: inBody, either: inQuery ?? inBody }[knobs.grantTypeIn];
  };

  const killBefore = (user: User, newest: number) => {
    const isOlder = (issued: Issued) =>
      Number(issued.sessionId) < newest && (knobs.oneTokenPer === 'key' || issued.user === user);
    if (knobs.killDelayMs > 0) setTimeout(() => tokens.revoke(isOlder), knobs.killDelayMs).unref();
    else tokens.revoke(isOlder);
  };

  const grant = async (request: Request) => {
    asked += 1;
    if (asked > knobs.tokenQuota) return json(429, { message: 'Too Many Requests' }, { 'retry-after': '1' });
    if (knobs.keyFirst && !hasKey(request)) return refuseKey();
    const basic = readBasic(request);
    const user = users.find(({ username }) => username === basic?.name);
    if (!user || user.password !== basic?.secret) {
      if (user && knobs.failureKills) killBefore(user, generation + 1);
      return refuseSecret();
    }
    if (!hasKey(request)) return refuseKey();
    if ((await grantTypeOf(request)) !== 'client_credentials') return json(400, { error: 'unsupported_grant_type' });

    // Each token is a session of its own, numbered in the order of issue.
    generation += 1;
    if (knobs.killPrevious) killBefore(user, generation);
    const issued: Issued = { kind: 'access', user, sessionId: String(generation) };
    const accessToken = await tokens.issue(issued, knobs.accessLifetimeMs, { sub: user.id, client_id: user.username });
    return json(200, {
      access_token: accessToken,
      expires_in: knobs.accessLifetimeMs / 1000,
      token_type: 'bearer',
    });
  };

  const refuse = ({ reading }: Refusal) =>
    json(401, { message: reading.state === 'expired' ? 'The incoming token has expired' : 'Unauthorized' });

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql',
      cors: { origin: 'echo', expose: () => [] },
      turnAway: request => (hasKey(request) ? undefined : refuseKey()),
      refuse,
      tokenEndpoints: { [tokenPath]: { kind: () => 'signIn', answer: grant } },
    },
    options.port,
  );
  return { ...emulator, apiKey, tokenUrl: emulator.origin + tokenPath };
}
