import { GraphQLError } from 'graphql';
import { createTokenBook, type TokenReading, type User } from './createTokenBook.ts';
import type { DemoContext, SchemaExtension } from './demoSchema.ts';
import { type CommonKnobs, commonKnobs, type Emulator, type StartOptions } from './emulator.ts';
import { startEmulator } from './startEmulator.ts';
import { addCost, sayUnauthorized } from './toggleAnswers.ts';

export interface ToggleKnobs extends CommonKnobs {
  /** @defaultValue 3,600,000 (60 minutes) */
  accessLifetimeMs: number;
  /** From what age on an answer brings a successor: 0 each answer, Infinity none. @defaultValue Infinity */
  rotateAfterMs: number;
  /**
   * What such an answer brings: the successor; an empty header; or, as some servers do, the token of nobody. The old token lives
   * on beside the last two.
   *
   * @defaultValue `successor`
   */
  answersBring: 'successor' | 'empty' | 'anonymous';
  /** How long a token still works after its successor went out. @defaultValue 10,000 */
  graceMs: number;
  /**
   * How long an expired token is still good for a successor: the request is answered as if it had not expired. The framework's
   * own default is two weeks. @defaultValue 0, it is refused
   */
  renewExpiredForMs: number;
  /** Which headers bring a token. @defaultValue `both` */
  tokenHeaders: 'both' | 'x-authorization' | 'authorization';
  /** Whether `X-Authorization` has `Bearer ` before the token; the deprecated `Authorization` always has. @defaultValue true */
  prefix: boolean;
  /** Whether a page may read those headers; servers often forget. @defaultValue true */
  exposeHeaders: boolean;
  /** The status of a refusal. @defaultValue 403, as the framework has it */
  unauthorizedStatus: 200 | 401 | 403;
  /** Whether a refusal has `data` with nulls beside the errors. @defaultValue false */
  unauthorizedData: boolean;
}

export interface Toggle extends Emulator<ToggleKnobs> {
  /** May sign in, but may see nothing: is refused as if signed out. */
  readonly barredUser: User;
}

const users: Emulator['users'] = [
  { id: '71', username: 'till.sander', password: 'peg/5^Board:Moss', name: 'Till Sander' },
  { id: '72', username: 'wren.abbot', password: 'kite:8/^Loft', name: 'Wren Abbot' },
];
const nobody: User = { id: '0', username: '', password: '', name: '' };
const barredUser: User = { id: '73', username: 'nils.lock', password: 'no:2/^Way', name: 'Nils Lock' };

const typeDefs = /* GraphQL */ `
  extend type Query {
    loginUser(email: String, username: String, password: String!): LoginUser
  }
  extend type Mutation {
    "Fails the validation of its arguments, always."
    createBalanceAdjustment(currency: String): ID
  }
  type LoginUser { id: Int }
`;

interface Credentials {
  readonly email?: string;
  readonly username?: string;
  readonly password: string;
}

/**
 * Toggle: `loginUser` on the API itself answers the token in response headers, and any later answer may bring its successor.
 * Its one refusal says `Unauthorized`, to those whose login ended and to those who may not.
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
  const tokens = createTokenBook(knobs);
  let issuedTokens = 0;

  /** Each token is a session of its own, so that it can be blacklisted alone. */
  const bringToken = async (user: User, headers: Headers) => {
    issuedTokens += 1;
    const issued = { kind: 'access', user, sessionId: String(issuedTokens) } as const;
    const claims = user === nobody ? { role: 'anonymous' } : { sub: user.id };
    setHeaders(await tokens.issue(issued, knobs.accessLifetimeMs, claims), headers);
  };

  const setHeaders = (token: string, headers: Headers) => {
    if (knobs.tokenHeaders !== 'authorization')
      headers.set('x-authorization', knobs.prefix ? `Bearer ${token}` : token);
    if (knobs.tokenHeaders !== 'x-authorization') headers.set('authorization', `Bearer ${token}`);
  };

  const loginUser = async ({ email, username, password }: Credentials, { headers }: DemoContext) => {
    const user = [...users, barredUser].find(
      one => (one.username === username || `${one.username}@toggle.example` === email) && one.password === password,
    );
    if (!user) return null;
    await bringToken(user, headers);
    return { id: Number(user.id) };
  };

  const isRenewable = (reading: TokenReading) =>
    reading.state === 'expired' && Math.max(0, tokens.now() - reading.claims.exp * 1000) < knobs.renewExpiredForMs;

  const needsSuccessor = (reading: TokenReading) =>
    reading.state === 'valid' && tokens.now() - Number(reading.claims.iat) * 1000 >= knobs.rotateAfterMs;

  const finish = async (response: Response, reading: TokenReading) => {
    if ('user' in reading && (isRenewable(reading) || needsSuccessor(reading))) {
      const { sessionId } = reading;
      if (knobs.answersBring === 'empty') setHeaders('', response.headers);
      else await bringToken(knobs.answersBring === 'anonymous' ? nobody : reading.user, response.headers);
      if (knobs.answersBring !== 'successor') return addCost(response);
      const blacklist = () => tokens.revoke(issued => issued.sessionId === sessionId);
      if (knobs.graceMs > 0) setTimeout(blacklist, knobs.graceMs).unref();
      else blacklist();
    }
    return addCost(response);
  };

  const validate = () => {
    const validation = { currency: ['This field is required'] };
    throw new GraphQLError('validation', { extensions: { validation } });
  };
  const schema: SchemaExtension = {
    typeDefs,
    resolvers: {
      Query: { loginUser: (_, credentials: Credentials, context) => loginUser(credentials, context) },
      Mutation: { createBalanceAdjustment: validate },
    },
  };

  const emulator = await startEmulator(
    {
      knobs,
      tokens,
      users,
      path: '/graphql',
      cors: { origin: 'echo', expose: () => (knobs.exposeHeaders ? ['X-Authorization', 'Authorization'] : []) },
      tokenFields: { loginUser: 'signIn' },
      schema,
      accepts: reading =>
        (reading.state === 'valid' || isRenewable(reading)) &&
        'user' in reading &&
        reading.user !== barredUser &&
        reading.user !== nobody,
      refuse: refusal => sayUnauthorized(refusal, knobs.unauthorizedStatus, knobs.unauthorizedData),
      finish,
    },
    options.port,
  );
  return { ...emulator, barredUser };
}
