import { createServer } from 'node:http';
import { useDeferStream } from '@graphql-yoga/plugin-defer-stream';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import type { GraphQLSchema } from 'graphql';
import { useServer } from 'graphql-ws-6/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { createStreams, refusal, type Streams } from './createStreams.ts';
import { generousLimits } from './generousLimits.ts';
import { listen } from './listen.ts';

export interface Transports extends AsyncDisposable {
  readonly url: string;
  readonly socketUrl: string;
  /** A manager that is signed in with the valid token `token-0`. Its renewals return `token-1`, `token-2`, … */
  readonly auth: TokenManager;
  readonly renewals: () => number;
  /** Invalidates the current token. The next one is valid. */
  readonly expireToken: () => void;
  /** Refuses the next operation whatever its token, because a socket keeps the token that it was opened with. */
  readonly refuseOnce: () => void;
  /** Closes all sockets with this code. */
  readonly closeSockets: (code: number) => void;
  /** Holds renewals back until the returned function is called. */
  readonly holdRenewals: () => () => void;
  /** The tokens of the executed operations, in order. */
  readonly executed: readonly string[];
  /** The subscriptions to `nth`. */
  readonly streams: Streams;
}

interface Context {
  readonly token: string;
}

/** Decides which operations are executed. */
interface Guard {
  /** The number of the valid token. */
  valid: number;
  refusesNext: boolean;
  readonly executed: string[];
}

const typeDefs = /* GraphQL */ `
  scalar File
  type Query { fast: String slow: String letters: [String!] }
  type Mutation { upload(file: File!): String }
  type Subscription { count(to: Int!): Int! nth: Int }
`;

const nextTurn = () => new Promise<void>(resolve => setImmediate(resolve));
const contextOf = (header: unknown): Context => ({
  token: typeof header === 'string' ? header.replace('Bearer ', '') : '',
});

/** Starts a server for what the emulators do not support: GraphQL over WebSocket, incremental delivery, uploads. */
export async function startTransports(): Promise<Transports> {
  const guard: Guard = { valid: 0, refusesNext: false, executed: [] };
  const streams = createStreams();
  const { url, socketUrl, closeSockets, close } = await serve(schemaOf(guard, streams));
  const { auth, renewals, holdRenewals } = managerFor(url);
  await auth.adopt('token-0');
  return {
    url,
    socketUrl,
    auth,
    renewals,
    expireToken: () => {
      guard.valid++;
    },
    refuseOnce: () => {
      guard.refusesNext = true;
    },
    closeSockets,
    holdRenewals,
    executed: guard.executed,
    streams,
    async [Symbol.asyncDispose]() {
      auth.dispose();
      await close();
    },
  };
}

/** Throws the refusal, or notes the operation as executed. */
function check(guard: Guard, { token }: Context): void {
  const isRefused = guard.refusesNext || token !== `token-${guard.valid}`;
  guard.refusesNext = false;
  if (isRefused) throw refusal();
  guard.executed.push(token);
}

function schemaOf(guard: Guard, streams: Streams): GraphQLSchema {
  const guarded =
    <Args, Result>(resolve: (args: Args) => Result) =>
    (_: unknown, args: Args, context: Context) => {
      check(guard, context);
      return resolve(args);
    };
  return createSchema<Context>({
    typeDefs,
    resolvers: {
      Query: {
        fast: guarded(() => 'fast'),
        async slow(_, _args, context: Context) {
          await nextTurn();
          check(guard, context);
          return 'slow';
        },
        letters: guarded(async function* () {
          yield* ['a', 'b', 'c'];
        }),
      },
      Mutation: { upload: guarded(async ({ file }: { file: File }) => `${file.name}: ${await file.text()}`) },
      Subscription: {
        count: {
          subscribe: guarded(async function* ({ to }: { to: number }) {
            for (let n = 1; n <= to; n++) yield { count: n };
          }),
        },
        nth: { subscribe: guarded(streams.open) },
      },
    },
  });
}

/** Serves a schema over HTTP and WebSocket. */
async function serve(schema: GraphQLSchema) {
  const yoga = createYoga<object, Context>({
    schema,
    plugins: [useDeferStream()],
    context: ({ request }: { request: Request }) => contextOf(request.headers.get('authorization')),
    logging: false,
    maskedErrors: false,
  });
  const server = createServer((request, response) => void yoga(request, response));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  // Without time limits: on a busy machine the server would close sockets after 3 s without a message, or 12 s without a pong.
  const disposable = useServer(
    {
      schema,
      context: ({ connectionParams }) => contextOf(connectionParams?.authorization),
      connectionInitWaitTimeout: 0,
    },
    sockets,
    0,
  );
  const { origin, close } = await listen(server);
  return {
    url: `${origin}/graphql`,
    socketUrl: `${origin.replace('http', 'ws')}/graphql`,
    closeSockets(code: number) {
      for (const socket of sockets.clients) socket.close(code, 'Closed by the test.');
    },
    async close() {
      await disposable.dispose();
      await close();
    },
  };
}

/** A manager whose renewals send a request to this server. */
function managerFor(url: string) {
  let renewals = 0;
  let held: Promise<void> | undefined;
  const auth = createTokenManager({
    ...generousLimits,
    async renew({ signal }) {
      await fetch(`${url}?query={__typename}`, { signal });
      await held;
      return `token-${++renewals}`;
    },
  });
  return {
    auth,
    renewals: () => renewals,
    holdRenewals() {
      let release: () => void = () => {};
      held = new Promise(resolve => (release = resolve));
      return release;
    },
  };
}
