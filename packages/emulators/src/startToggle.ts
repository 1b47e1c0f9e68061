import { GraphQLError } from 'graphql';
import { createTokenIssuer, type Issued, type TokenIssuer, type TokenReading, type User } from './createTokenIssuer.ts';
import type { SchemaExtension } from './demoSchema.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { startEmulator } from './startEmulator.ts';
import { addCost, refuseUnauthorized } from './toggleAnswers.ts';

export interface ToggleKnobs extends CommonKnobs {
  /** @defaultValue 3,600,000 (60 minutes) */
  accessLifetimeMs: number;
  /** From which age of a token a response brings a successor: 0 always, Infinity never. @defaultValue Infinity */
  rotateAfterMs: number;
  /**
   * What such a response brings: the successor; an empty header; or, as with some servers, the token of an anonymous user. The
   * old token stays valid with the last two.
   *
   * @defaultValue `successor`
   */
  answersBring: 'successor' | 'empty' | 'anonymous';
  /** How long a token stays valid after its successor was issued. @defaultValue 10,000 */
  graceMs: number;
  /**
   * How long after its expiry a token still gets a successor: the request is answered as if the token were valid. The
   * framework's own default is two weeks. @defaultValue 0, which refuses it
   */
  renewExpiredForMs: number;
  /** The response headers that carry a token. @defaultValue `both` */
  tokenHeaders: 'both' | 'x-authorization' | 'authorization';
  /** Whether `X-Authorization` has `Bearer ` before the token; the deprecated `Authorization` always has. @defaultValue true */
  prefix: boolean;
  /** Whether CORS exposes those headers to pages, which servers often omit. @defaultValue true */
  exposeHeaders: boolean;
  /** The status of a refusal. @defaultValue 403, the framework's own */
  unauthorizedStatus: 200 | 401 | 403;
  /** Whether a refusal has `data` with nulls next to the errors. @defaultValue false */
  unauthorizedData: boolean;
}

export interface Toggle extends Emulator<ToggleKnobs> {
  /** A user who may sign in but has no permission: every operation is refused as if signed out. */
  readonly barredUser: User;
}

const users: Emulator['users'] = [
  { id: '71', username: 'till.sander', password: 'peg/5^Board:Moss', name: 'Till Sander' },
  { id: '72', username: 'wren.abbot', password: 'kite:8/^Loft', name: 'Wren Abbot' },
];
const anonymousUser: User = { id: '0', username: '', password: '', name: '' };
const barredUser: User = { id: '73', username: 'nils.lock', password: 'no:2/^Way', name: 'Nils Lock' };

const typeDefs = /* GraphQL */ `
  extend type Query {
    loginUser(email: String, username: String, password: String!): LoginUser
  }
  extend type Mutation {
    "Always fails the validation of its arguments."
    createBalanceAdjustment(currency: String): ID
  }
  type LoginUser { id: Int }
`;

interface ToggleState {
  readonly knobs: ToggleKnobs;
  readonly tokens: TokenIssuer;
  /** How many tokens were issued. Each is a session of its own, so that it can be revoked alone. */
  issuedTokens: number;
}

/**
 * Toggle: `loginUser` of the API itself returns the token in response headers, and any later response may bring its successor.
 * Its only refusal, `Unauthorized`, is the same for a signed-out user and for a user without permission.
 */
export async function startToggle(options: StartOptions<ToggleKnobs> = {}): Promise<Toggle> {
  const knobs: ToggleKnobs = {
    ...commonKnobs,
    accessLifetimeMs: 3_600_000,
    rotateAfterMs: Number.POSITIVE_INFINITY,
    answersBring: 'successor',
    graceMs: 10_000,
    renewExpiredForMs: 0,
    tokenHeaders: 'both',
    prefix: true,
    exposeHeaders: true,
    unauthorizedStatus: 403,
    unauthorizedData: false,
    ...options,
  };
  const tokens = createTokenIssuer(knobs);
  const toggle: ToggleState = { knobs, tokens, issuedTokens: 0 };

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql',
      cors: { origin: 'echo', expose: () => (knobs.exposeHeaders ? ['X-Authorization', 'Authorization'] : []) },
      tokenFields: { loginUser: 'signIn' },
      schema: { typeDefs, resolvers: resolversOf(toggle) },
      accepts: reading => accepts(toggle, reading),
      refuse: refusal => refuseUnauthorized(refusal, knobs.unauthorizedStatus, knobs.unauthorizedData),
      finish: (response, reading) => finish(toggle, response, reading),
    },
    options.port,
  );
  return { ...emulator, barredUser };
}

interface Credentials {
  readonly email?: string;
  readonly username?: string;
  readonly password: string;
}

function resolversOf(toggle: ToggleState): SchemaExtension['resolvers'] {
  return {
    Query: { loginUser: (_, credentials: Credentials, { headers }) => loginUser(toggle, credentials, headers) },
    Mutation: {
      createBalanceAdjustment() {
        const validation = { currency: ['This field is required'] };
        throw new GraphQLError('validation', { extensions: { validation } });
      },
    },
  };
}

async function loginUser(toggle: ToggleState, { email, username, password }: Credentials, headers: Headers) {
  const user = [...users, barredUser].find(
    each => (each.username === username || `${each.username}@toggle.example` === email) && each.password === password,
  );
  if (!user) return null;
  await addToken(toggle, user, headers);
  return { id: Number(user.id) };
}

const accepts = (toggle: ToggleState, reading: TokenReading) =>
  (reading.state === 'valid' || isRenewable(toggle, reading)) &&
  'user' in reading &&
  reading.user !== barredUser &&
  reading.user !== anonymousUser;

/** Adds the cost to a response, and a new token where one is due. */
async function finish(toggle: ToggleState, response: Response, reading: TokenReading): Promise<Response> {
  const isDue = isRenewable(toggle, reading) || needsSuccessor(toggle, reading);
  if ('user' in reading && isDue) await rotate(toggle, reading, response.headers);
  return addCost(response);
}

const isRenewable = ({ knobs, tokens }: ToggleState, reading: TokenReading) =>
  reading.state === 'expired' && Math.max(0, tokens.now() - reading.claims.exp * 1000) < knobs.renewExpiredForMs;

const needsSuccessor = ({ knobs, tokens }: ToggleState, reading: TokenReading) =>
  reading.state === 'valid' && tokens.now() - Number(reading.claims.iat) * 1000 >= knobs.rotateAfterMs;

async function rotate(toggle: ToggleState, { user, sessionId }: Issued, headers: Headers): Promise<void> {
  const { knobs, tokens } = toggle;
  if (knobs.answersBring === 'empty') return setTokenHeaders(knobs, '', headers);
  if (knobs.answersBring === 'anonymous') return addToken(toggle, anonymousUser, headers);
  await addToken(toggle, user, headers);
  const revoke = () => tokens.revoke(issued => issued.sessionId === sessionId);
  if (knobs.graceMs > 0) setTimeout(revoke, knobs.graceMs).unref();
  else revoke();
}

async function addToken(toggle: ToggleState, user: User, headers: Headers): Promise<void> {
  const { knobs, tokens } = toggle;
  toggle.issuedTokens += 1;
  const issued: Issued = { kind: 'access', user, sessionId: String(toggle.issuedTokens) };
  const claims = user === anonymousUser ? { role: 'anonymous' } : { sub: user.id };
  setTokenHeaders(knobs, await tokens.issue(issued, knobs.accessLifetimeMs, claims), headers);
}

function setTokenHeaders({ tokenHeaders, prefix }: ToggleKnobs, token: string, headers: Headers): void {
  if (tokenHeaders !== 'authorization') headers.set('x-authorization', prefix ? `Bearer ${token}` : token);
  if (tokenHeaders !== 'x-authorization') headers.set('authorization', `Bearer ${token}`);
}
