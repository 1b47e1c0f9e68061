import type { Cors } from './cors.ts';
import type { Faults } from './createFaults.ts';
import type { Journal, TokenRequestKind } from './createJournal.ts';
import type { TokenIssuer, TokenReading, User } from './createTokenIssuer.ts';
import type { SchemaExtension } from './demoSchema.ts';
import type { Refusal, RefusalShape } from './refusals.ts';

/** Settings of every server. They can be changed at run time; lifetimes apply to tokens that are issued afterwards. */
export interface CommonKnobs {
  accessLifetimeMs: number;
  /** Whether an open stream ends with a refusal when its token stops working. @defaultValue false */
  checkStreams: boolean;
  /** How far the server's clock is ahead of the real one, in milliseconds. @defaultValue 0 */
  clockSkewMs: number;
}

export const commonKnobs: Pick<CommonKnobs, 'checkStreams' | 'clockSkewMs'> = {
  checkStreams: false,
  clockSkewMs: 0,
};

/** Options of a start function: its knobs and its port. */
export type StartOptions<Knobs> = Partial<Knobs> & {
  /** @defaultValue 0, which takes a free port */
  readonly port?: number;
};

/** A running auth server with a GraphQL API behind it. */
export interface Emulator<Knobs extends CommonKnobs = CommonKnobs>
  extends AsyncDisposable,
    Pick<Journal, 'requests' | 'stats' | 'on' | 'next'>,
    Pick<Faults, 'failTokenRequests' | 'delayTokenRequests' | 'holdTokenRequests' | 'holdOperations'> {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** The GraphQL endpoint. */
  readonly url: string;
  /** The users who may sign in. */
  readonly users: readonly [User, User, ...User[]];
  /** Makes every access token issued so far expire. Refresh tokens stay valid. */
  readonly expireNow: () => void;
  /** Ends every session: access and refresh tokens are revoked. */
  readonly revoke: () => void;
  /** Sets the shape of refusals from now on. @defaultValue `native` */
  readonly refuseAs: (shape: RefusalShape) => void;
  /** The guard of this root field refuses the next `times` executions, whatever the token. @defaultValue 1 */
  readonly guard: (field: string, times?: number) => void;
  /** Changes knobs of the running server. */
  readonly configure: (changes: Partial<Knobs>) => void;
  /**
   * Closes open connections and frees the port.
   *
   * @throws Error when a mutation with an `Idempotency-Key` was executed twice, so that every test that closes its server fails
   */
  readonly close: () => Promise<void>;
}

/** The description of one API: what makes it different from the others. */
export interface Api<Knobs extends CommonKnobs> {
  readonly knobs: Knobs;
  readonly tokens: TokenIssuer;
  readonly users: Emulator['users'];
  /** The path of the GraphQL endpoint. */
  readonly path: string;
  /** Endpoints of the auth server by path. */
  readonly tokenEndpoints?: Readonly<Record<string, TokenEndpoint>>;
  /** Root fields of the GraphQL endpoint that belong to the auth server: they need no token and count as token requests. */
  readonly tokenFields?: Readonly<Record<string, TokenRequestKind>>;
  readonly schema?: SchemaExtension;
  readonly cors: Cors;
  /** Finds the access token of a request. @defaultValue the one in `Authorization: Bearer`, in any letter case */
  readonly findToken?: (request: Request) => string | undefined;
  /** Whether the API accepts a token. @defaultValue true for a valid access token */
  readonly accepts?: (reading: TokenReading) => boolean;
  /** Whether a request to `tokenFields` is refused when it carries an invalid token. @defaultValue false */
  readonly staleTokenSpoils?: () => boolean;
  /** Answers a request that fails for a reason other than its token, before the token is read. */
  readonly block?: (request: Request) => Response | undefined;
  /** The API's own refusal. */
  readonly refuse: (refusal: Refusal) => Response;
  /** Turns the response of the GraphQL server into this API's own. */
  readonly finish?: (response: Response, reading: TokenReading) => Promise<Response>;
}

export interface TokenEndpoint {
  readonly kind: (request: Request) => TokenRequestKind | Promise<TokenRequestKind>;
  readonly answer: (request: Request) => Promise<Response>;
}
