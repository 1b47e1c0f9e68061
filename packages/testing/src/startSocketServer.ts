import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import {
  type Clock,
  createTokenManager,
  readTokens,
  type TokenManager,
  type TokenManagerOptions,
} from '@latchkey/core';
import { GraphQLError, type GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws-6/use/ws';
import { createSchema, createYoga, Repeater } from 'graphql-yoga';
import { jwtVerify, SignJWT } from 'jose';
import { type WebSocket, WebSocketServer } from 'ws';

/** How the server refuses a token that is not valid (any more). */
export type SocketRefusal =
  /** Closes the socket at the connect, and later as soon as its token has ended. */
  | 'close 4401'
  | 'close 4403'
  /** Acknowledges first. */
  | 'ack, then 4403'
  /** Refuses the operations. */
  | 'error'
  | 'next'
  /** As servers of the old protocol, and drops open sockets. */
  | 'connection_error'
  | 'close 4400'
  /** Refuses the upgrade, and drops open sockets. The token is in the URL. */
  | 'upgrade 401'
  /** Checks at the connect only. */
  | 'connect only';

export interface Connection {
  /** The number of the token that it was opened with; `null`: none. */
  readonly token: number | null;
  readonly socket: WebSocket;
  closed?: { readonly code: number; readonly reason: string };
}

export interface SocketServer extends AsyncDisposable {
  readonly url: string;
  readonly socketUrl: string;
  /** What it has seen. */
  readonly connections: Connection[];
  /** The numbers of the tokens of the subscriptions, in their order. */
  readonly subscribed: (number | null)[];
  readonly executed: string[];
  /** The messages of the clients, as they came. */
  readonly received: string[];
  /** The streams that are open, of this token. @defaultValue of all */
  readonly openStreams: (token?: number) => number;
  readonly renewals: () => number;
  readonly tokens: readonly string[];
  /** Emits an event to all streams. */
  readonly publish: () => void;
  /** Ends the streams. */
  readonly complete: () => void;
  /** All tokens so far are refused from now on, on open sockets, too. */
  readonly expire: () => void;
  /** Refuses tokens that have expired by the clock on open sockets. */
  readonly checkExpiry: () => void;
  readonly signIn: (user: string) => Promise<{ accessToken: string; refreshToken: string; expiresInS: number }>;
  readonly closeSockets: (code: number, reason?: string) => void;
  /** Drops all connections without a close frame. */
  readonly drop: () => void;
  readonly stop: () => Promise<void>;
  readonly start: () => Promise<void>;
  readonly knobs: Knobs;
}

interface Knobs {
  refusal: SocketRefusal;
  lifetimeMs: number;
  /** Every token is refused. */
  refusesAll: boolean;
  /** The auth server answers 503, or rejects. */
  authServer: 'up' | 'down' | 'rejects';
  /** Token requests wait for it. */
  held: Promise<void> | undefined;
  /** Queries and mutations wait for it. */
  slow: Promise<void> | undefined;
  /** `connection_init` is never answered. */
  isSilent: boolean;
}

interface Token {
  readonly number: number;
  readonly user: string;
}

interface Context {
  readonly token: Token | null;
}

interface Event {
  readonly event: { readonly n: number; readonly user: string | null } | GraphQLError;
}

interface Stream {
  readonly token: Token | null;
  readonly push: (event: Event) => unknown;
  readonly stop: (error?: Error) => void;
}

const refusal = () => new GraphQLError('x', { extensions: { code: 'UNAUTHENTICATED' } });

const typeDefs = /* GraphQL */ `
  type Query { me: String, slow: String }
  type Mutation { bump: Int, refused: Int }
  type Subscription { event(id: Int): Event!, two: Int!, never: Int }
  type Event { n: Int!, user: String }
`;

/** Tokens of this server: real ones, which end by this clock. */
class Tokens {
  readonly issued: string[] = [];
  readonly #key = randomBytes(32);
  readonly #clock: Clock;
  readonly #read = new Map<string, Token>();
  #validFrom = 1;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async issue(user: string, lifetimeMs: number): Promise<string> {
    const number = this.issued.length + 1;
    this.issued.push(''); // its number is taken
    const token = await new SignJWT({ sub: user, jti: `${number}` })
      .setProtectedHeader({ alg: 'HS256' })
      .setExpirationTime(new Date(this.#clock.now() + lifetimeMs))
      .sign(this.#key);
    this.issued[number - 1] = token;
    return token;
  }

  revoke(): void {
    this.#validFrom = this.issued.length + 1;
  }

  /** Whose it is; `null`: none was sent; `undefined`: it is not valid. */
  async read(header: unknown): Promise<Token | null | undefined> {
    if (typeof header !== 'string') return null;
    const token = header.replace('Bearer ', '');
    try {
      const { payload } = await jwtVerify(token, this.#key, { currentDate: new Date(this.#clock.now()) });
      const number = Number(payload.jti);
      if (number < this.#validFrom) return undefined;
      const read = { number, user: String(payload.sub) };
      this.#read.set(token, read);
      return read;
    } catch {
      return undefined;
    }
  }

  numberOf(header: unknown): number | null {
    const index = this.issued.indexOf(String(header).replace('Bearer ', ''));
    return index < 0 ? null : index + 1;
  }
}

/** A GraphQL server over WebSocket and HTTP, with its auth server. Time passes where the test moves the clock. */
export async function startSocketServer(clock: Clock, options: Partial<Knobs> = {}): Promise<SocketServer> {
  const server = new LoopbackServer(clock, {
    refusal: 'close 4401',
    lifetimeMs: 3_600_000,
    refusesAll: false,
    authServer: 'up',
    held: undefined,
    slow: undefined,
    isSilent: false,
    ...options,
  });
  await server.start();
  return server;
}

class LoopbackServer implements SocketServer {
  readonly knobs: Knobs;
  readonly connections: Connection[] = [];
  readonly subscribed: (number | null)[] = [];
  readonly executed: string[] = [];
  readonly received: string[] = [];
  readonly #tokens: Tokens;
  readonly #streams = new Set<Stream>();
  readonly #refreshTokens = new Map<string, string>();
  readonly #schema: GraphQLSchema;
  #renewals = 0;
  #published = 0;
  #port = 0;
  #http: Server | undefined;
  #sockets: WebSocketServer | undefined;

  constructor(clock: Clock, knobs: Knobs) {
    this.knobs = knobs;
    this.#tokens = new Tokens(clock);
    this.#schema = this.#createSchema();
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/graphql`;
  }

  get socketUrl(): string {
    return `ws://127.0.0.1:${this.#port}/graphql`;
  }

  get tokens(): readonly string[] {
    return [...this.#tokens.issued, ...this.#refreshTokens.keys()];
  }

  renewals = (): number => this.#renewals;
  openStreams = (number?: number): number =>
    [...this.#streams].filter(({ token }) => number === undefined || token?.number === number).length;

  start = async (): Promise<void> => {
    const yoga = createYoga<object, Context & { readonly refusesAll?: boolean }>({
      schema: this.#schema,
      context: async ({ request }: { request: Request }) => ({
        token: (await this.#tokens.read(request.headers.get('authorization'))) ?? null,
      }),
      logging: false,
      maskedErrors: false,
    });
    const http = createServer((request, response) => {
      if (request.url === '/token') void this.#answerTokenRequest(request, response);
      else void yoga(request, response);
    });
    this.#http = http;
    this.#sockets = this.#serveSockets(http);
    await new Promise<void>(resolve => http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (http.address() as AddressInfo).port;
  };

  stop = async (): Promise<void> => {
    this.drop();
    this.#sockets?.close();
    this.#http?.closeAllConnections();
    await new Promise(resolve => this.#http?.close(resolve));
  };

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  publish = (): void => {
    this.#published++;
    for (const { push, token } of this.#streams)
      void push({ event: { n: this.#published, user: token?.user ?? null } });
  };

  complete = (): void => {
    for (const { stop } of this.#streams) stop();
  };

  expire = (): void => {
    this.#tokens.revoke();
    this.checkExpiry();
  };

  checkExpiry = (): void => {
    for (const connection of this.connections) void this.#check(connection);
    for (const stream of this.#streams) void this.#checkStream(stream);
  };

  signIn = async (user: string) => {
    const refreshToken = `refresh-${randomBytes(12).toString('hex')}`;
    this.#refreshTokens.set(refreshToken, user);
    const { lifetimeMs } = this.knobs;
    const accessToken = await this.#tokens.issue(user, lifetimeMs);
    return { accessToken, refreshToken, expiresInS: lifetimeMs / 1_000 };
  };

  closeSockets = (code: number, reason = 'Closed by the test.'): void => {
    for (const { socket } of this.connections) socket.close(code, reason);
  };

  drop = (): void => {
    for (const { socket } of this.connections) socket.terminate();
  };

  /** A socket whose token has ended, as far as this server looks. */
  async #check({ token, socket }: Connection): Promise<void> {
    const isValid = await this.#isValid(token);
    if (isValid || token === null) return;
    const { refusal } = this.knobs;
    if (refusal === 'close 4401') socket.close(4401, 'Unauthorized');
    if (refusal === 'close 4403' || refusal === 'ack, then 4403') socket.close(4403, 'Forbidden');
    if (refusal === 'close 4400') socket.close(4400, 'Unauthorized');
    if (refusal === 'connection_error' || refusal === 'upgrade 401') socket.terminate();
  }

  async #checkStream({ token, push, stop }: Stream): Promise<void> {
    const { refusal: how } = this.knobs;
    if ((how !== 'error' && how !== 'next') || !token || (await this.#isValid(token.number))) return;
    if (how === 'error') stop(refusal());
    else void push({ event: refusal() });
  }

  async #isValid(number: number | null): Promise<boolean> {
    if (this.knobs.refusesAll) return false;
    return number !== null && Boolean(await this.#tokens.read(this.#tokens.issued[number - 1]));
  }

  #serveSockets(server: Server): WebSocketServer {
    const sockets = new WebSocketServer({
      server,
      path: '/graphql',
      verifyClient: ({ req }, answer) => {
        const isChecked = this.knobs.refusal === 'upgrade 401';
        const token = new URL(req.url ?? '', this.url).searchParams.get('token') ?? undefined;
        void this.#tokens
          .read(token)
          .then(read => answer(!isChecked || (Boolean(read) && !this.knobs.refusesAll), 401, 'Unauthorized'));
      },
    });
    sockets.on('connection', socket =>
      socket.on('message', message => this.received.push((message as Buffer).toString())),
    );
    useServer<Record<string, unknown>, { connection: Connection }>(
      {
        schema: this.#schema,
        connectionInitWaitTimeout: 0,
        onConnect: async ({ connectionParams, extra }) => {
          const { socket, request } = extra;
          const header =
            connectionParams?.authorization ?? new URL(request.url ?? '', this.url).searchParams.get('token');
          const connection: Connection = { token: this.#tokens.numberOf(header), socket };
          extra.connection = connection;
          this.connections.push(connection);
          socket.once('close', (code, reason) => {
            connection.closed = { code, reason: String(reason) };
          });
          return this.#admit(connection);
        },
        context: async ({ extra }): Promise<Context> => {
          const { token } = extra.connection as Connection;
          const header = token === null ? undefined : this.#tokens.issued[token - 1];
          const isChecked = this.knobs.refusal === 'error' || this.knobs.refusal === 'next';
          const read = await this.#tokens.read(header);
          return { token: read ?? (isChecked || token === null ? null : { number: token, user: 'unknown' }) };
        },
        onSubscribe: async ({ extra }, id) => {
          const { token, socket } = extra.connection as Connection;
          const isRefused = token !== null && !(await this.#isValid(token));
          if (this.knobs.refusal !== 'error' || !isRefused) return;
          socket.send(JSON.stringify({ id, type: 'error', payload: [refusal()] }));
          await new Promise(() => {});
        },
      },
      sockets,
      0,
    );
    return sockets;
  }

  async #admit({ token, socket }: Connection): Promise<boolean> {
    const { refusal, isSilent } = this.knobs;
    if (isSilent) return new Promise(() => {});
    if (token === null || refusal === 'error' || refusal === 'next' || (await this.#isValid(token))) return true;
    if (refusal === 'ack, then 4403') {
      setImmediate(() => socket.close(4403, 'Forbidden'));
      return true;
    }
    if (refusal === 'connection_error')
      socket.send(JSON.stringify({ type: 'connection_error', payload: { message: 'Unauthorized' } }));
    else if (refusal === 'close 4400') socket.close(4400, 'Unauthorized');
    else if (refusal === 'close 4403') return false;
    else socket.close(4401, 'Unauthorized');
    return new Promise(() => {});
  }

  async #answerTokenRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    let body = '';
    for await (const chunk of request) body += chunk;
    await this.knobs.held;
    const refreshToken = new URLSearchParams(body).get('refresh_token') ?? '';
    const user = this.#refreshTokens.get(refreshToken);
    const answer = (status: number, content: object) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(content));
    if (this.knobs.authServer === 'down') return void answer(503, {});
    if (!user || this.knobs.authServer === 'rejects') return void answer(400, { error: 'invalid_grant' });
    this.#refreshTokens.delete(refreshToken);
    this.#renewals++;
    const { accessToken, refreshToken: next, expiresInS } = await this.signIn(user);
    answer(200, { access_token: accessToken, refresh_token: next, expires_in: expiresInS });
  }

  #createSchema(): GraphQLSchema {
    const answer =
      (name: string, value: unknown) =>
      async (_: unknown, _args: object, { token }: Context) => {
        if (this.knobs.refusal === 'next' && token && !(await this.#isValid(token.number))) throw refusal();
        if (this.knobs.refusal === 'next' && token === null) throw refusal();
        this.executed.push(name);
        await this.knobs.slow;
        return value;
      };
    return createSchema<Context>({
      typeDefs,
      resolvers: {
        Query: { me: (_, _args, { token }) => token?.user, slow: answer('slow', 'slow') },
        Mutation: { bump: answer('bump', 1), refused: () => Promise.reject(refusal()) },
        Subscription: {
          event: { subscribe: (_, _args, context) => this.#openStream(context) },
          never: { subscribe: () => Promise.reject(refusal()) },
          two: {
            async *subscribe() {
              yield { two: 1 };
              yield { two: 2 };
            },
          },
        },
      },
    });
  }

  #openStream({ token }: Context): AsyncIterable<Event> {
    this.subscribed.push(token?.number ?? null);
    return new Repeater<Event>(async (push, stop) => {
      const stream: Stream = { token, push, stop };
      this.#streams.add(stream);
      if (this.knobs.refusal === 'next' && (!token || this.knobs.refusesAll)) void push({ event: refusal() });
      await stop;
      this.#streams.delete(stream);
    });
  }
}

/** A token manager of this server, by whose clock its tokens expire. */
export function managerOf(
  server: SocketServer,
  clock: Clock,
  options: Partial<TokenManagerOptions> = {},
): TokenManager {
  return createTokenManager({
    clock,
    renew: ({ current, signal }) =>
      fetch(server.url.replace('graphql', 'token'), {
        method: 'POST',
        body: new URLSearchParams({ refresh_token: current?.refreshToken ?? '' }),
        signal,
      }).then(readTokens),
    ...options,
  });
}
