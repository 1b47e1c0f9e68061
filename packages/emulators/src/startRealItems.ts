import { decodeJwt } from 'jose';
import { createTokenIssuer, type TokenIssuer, type User } from './createTokenIssuer.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { readBasic } from './readBasic.ts';
import { challenge, json, type Refusal } from './refusals.ts';
import { startEmulator } from './startEmulator.ts';

export interface RealItemsKnobs extends CommonKnobs {
  /** @defaultValue 86,400,000 (24 hours) */
  accessLifetimeMs: number;
  /** Whether a refusal contains the expired token, as Spring's did until October 2021. @defaultValue true */
  echoToken: boolean;
  /** Whether accounts are locked, so that a sign-in fails with 500. @defaultValue false */
  accountsLocked: boolean;
}

export interface RealItems extends Emulator<RealItemsKnobs> {
  readonly tokenUrl: string;
  readonly clientId: string;
  /** Contains a parenthesis, which this server expects unencoded in `Authorization: Basic`. */
  readonly clientSecret: string;
}

const tokenPath = '/oauth/token';
const clientId = 'harbourtokens';
const clientSecret = '.Kelp7Lamp(R';

const users: Emulator['users'] = [
  { id: '31', username: 'sena@tokens.example', password: '4c/r^Brine71:', name: 'Sena Bright' },
  { id: '32', username: 'ivo+bot@tokens.example', password: 'a+b%41/^c: d&e=f', name: 'Ivo Marsh' },
];

const noStore = { 'cache-control': 'no-store', pragma: 'no-cache' };

interface RealItemsState {
  readonly knobs: RealItemsKnobs;
  readonly tokens: TokenIssuer;
}

/** Real Items: the password grant of Spring Security OAuth 2 for a client with a secret. There is no refresh token. */
export async function startRealItems(options: StartOptions<RealItemsKnobs> = {}): Promise<RealItems> {
  const knobs: RealItemsKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 86_400_000,
    echoToken: true,
    accountsLocked: false,
    ...options,
  };
  const tokens = createTokenIssuer(knobs);

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql',
      cors: { origin: 'echo', expose: () => ['WWW-Authenticate'] },
      refuse: refusal => refuse(refusal, knobs),
      tokenEndpoints: { [tokenPath]: { kind: () => 'signIn', answer: request => grant({ knobs, tokens }, request) } },
    },
    options.port,
  );
  return { ...emulator, clientId, clientSecret, tokenUrl: emulator.origin + tokenPath };
}

async function grant(state: RealItemsState, request: Request): Promise<Response> {
  const client = readBasic(request);
  if (client?.name !== clientId || client.secret !== clientSecret) return rejectClient();
  const form = new URLSearchParams(await request.text());
  const grantType = form.get('grant_type');
  if (!grantType) return rejectGrant('invalid_request', 'Missing grant type');
  if (grantType !== 'password') {
    return rejectGrant('unsupported_grant_type', `Unsupported grant type: ${grantType}`);
  }
  if (state.knobs.accountsLocked) return springError(500, 'Internal Server Error', 'User account is locked');
  const user = users.find(
    ({ username, password }) => username === form.get('username') && password === form.get('password'),
  );
  return user ? tokenResponse(state, user) : rejectGrant('invalid_grant', 'Bad credentials');
}

async function tokenResponse({ knobs, tokens }: RealItemsState, user: User): Promise<Response> {
  const profile = profileOf(user);
  const accessToken = await tokens.issue({ kind: 'access', user, sessionId: user.id }, knobs.accessLifetimeMs, {
    ...profile,
    iat: undefined,
    user_name: user.username,
    authorities: ['STANDARD_USER'],
    client_id: clientId,
    aud: ['harbourresourceid'],
    scope: ['read', 'write'],
  });
  const body = {
    access_token: accessToken,
    token_type: 'bearer',
    expires_in: knobs.accessLifetimeMs / 1000,
    scope: 'read write',
    ...profile,
    jti: decodeJwt(accessToken).jti,
  };
  return json(200, body, noStore);
}

/** The profile of a user, which is part of the token response and of the token. */
function profileOf({ id, name }: User) {
  const [first_name, last_name] = name.split(' ');
  const wallets = [`0x${id.padStart(40, '0')}`];
  return { id, first_name, last_name, country: 'NOR', mobile: `+4799990${id.padStart(3, '0')}`, wallets };
}

function refuse({ reading }: Refusal, { echoToken }: RealItemsKnobs): Response {
  const suffix = 'token' in reading && echoToken ? `: ${reading.token}` : '';
  const refusal = {
    missing: { error: 'unauthorized', error_description: 'Full authentication is required to access this resource' },
    forged: { error: 'invalid_token', error_description: 'Cannot convert access token to JSON' },
    expired: { error: 'invalid_token', error_description: `Access token expired${suffix}` },
  }[reading.state === 'missing' || reading.state === 'forged' ? reading.state : 'expired'];
  return json(401, refusal, { ...noStore, 'www-authenticate': challenge('oauth2-resource', refusal) });
}

/** An error page of Spring Boot: its `error` is not an OAuth error code. */
function springError(status: number, error: string, message: string, headers: Record<string, string> = {}): Response {
  const timestamp = new Date().toISOString().replace('Z', '+0000');
  return json(status, { timestamp, status, error, message, path: tokenPath }, headers);
}

const rejectClient = () =>
  springError(401, 'Unauthorized', 'Bad credentials', { 'www-authenticate': 'Basic realm="oauth2/client"' });

const rejectGrant = (error: string, error_description: string) => json(400, { error, error_description }, noStore);
