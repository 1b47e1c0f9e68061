import type { Cors } from './cors.ts';
import type { Journal, TokenRequestKind } from './createJournal.ts';
import type { TokenBook, TokenReading, User } from './createTokenBook.ts';
import type { Trouble } from './createTrouble.ts';
import type { SchemaExtension } from './demoSchema.ts';
import type { Refusal, RefusalShape } from './refusals.ts';

/** What every server can be started with and told to change at run time; a change is for tokens issued after it. */
export interface CommonKnobs {
  accessLifetimeMs: number;
  /** Whether an open stream ends with a refusal when its token stops working. @defaultValue false */
  checkStreams: boolean;
  /** How far the server's clock is ahead of the real one. @defaultValue 0 */
  clockSkewMs: number;
}

export const commonKnobs: Pick<CommonKnobs, 'checkStreams' | 'clockSkewMs'> = {
  checkStreams: false,
  clockSkewMs: 0,
};

/** Options of a start function: its knobs, and where to listen. */
export type StartOptions<Knobs> = Partial<Knobs> & {
  /** @defaultValue 0, a free one */
  readonly port?: number;
};

/** A running auth server with a GraphQL API behind it. */
export interface Emulator<Knobs extends CommonKnobs = CommonKnobs>
  extends AsyncDisposable,
    Pick<Journal, 'requests' | 'stats' | 'on' | 'next'>,
    Pick<Trouble, 'failTokenRequests' | 'delayTokenRequests' | 'holdTokenRequests' | 'holdOperations'> {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** The GraphQL endpoint. */
  readonly url: string;
  /** Who may sign in; two at least. */
  readonly users: readonly [User, User, ...User[]];
  /** Every access token issued until now is expired from now on. Refresh tokens live. */
  readonly expireNow: () => void;
  /** Every session is over: access and refresh tokens stop working. */
  readonly revoke: () => void;
  /** How operations with a dead token are refused from now on. @defaultValue `native` */
  readonly refuseAs: (shape: RefusalShape) => void;
  /** The guard in front of this root field refuses the next `times` executions, whatever the token. @defaultValue once */
  readonly guard: (field: string, times?: number) => void;
  /** Changes knobs of the running server. */
  readonly configure: (changes: Partial<Knobs>) => void;
  /**
   * Ends what is open and frees the port.
   *
   * @throws Error where a mutation with an `Idempotency-Key` was executed twice: every test that closes its server notices
   */
  readonly close: () => Promise<void>;
}

/** The document of one API: what makes it different from the others. */
export interface Api<Knobs extends CommonKnobs> {
  readonly knobs: Knobs;
  readonly tokens: TokenBook;
  readonly users: Emulator['users'];
  /** The path of the GraphQL endpoint. */
  readonly path: string;
  /** Endpoints of the auth server by path. */
  readonly tokenEndpoints?: Readonly<Record<string, TokenEndpoint>>;
  /** Root fields of the GraphQL endpoint that are the auth server's: they need no token and count as token requests. */
  readonly tokenFields?: Readonly<Record<string, TokenRequestKind>>;
  readonly schema?: SchemaExtension;
  readonly cors: Cors;
  /** Finds the access token of a request. @defaultValue `Authorization: Bearer`, in any case */
  readonly findToken?: (request: Request) => string | undefined;
  /** Whether a token will do. @defaultValue it is a valid access token */
  readonly accepts?: (reading: TokenReading) => boolean;
  /** Whether a dead token on a request to `tokenFields` is refused, though none is needed. @defaultValue false */
  readonly staleTokenSpoils?: () => boolean;
  /** Refuses a request for another reason than its token, before the token is looked at. */
  readonly turnAway?: (request: Request) => Response | undefined;
  /** The native refusal. */
  readonly refuse: (refusal: Refusal) => Response;
  /** Turns the answer of the GraphQL server into this API's. */
  readonly finish?: (response: Response, reading: TokenReading) => Promise<Response>;
}

export interface TokenEndpoint {
  readonly kind: (request: Request) => TokenRequestKind | Promise<TokenRequestKind>;
  readonly answer: (request: Request) => Promise<Response>;
}
