import { createServer } from 'node:http';

import { useDeferStream } from '@graphql-yoga/plugin-defer-stream';
import { createTokenManager, type TokenManager } from '@latchkey/core';
import { useServer } from 'graphql-ws-6/use/ws';
import { createSchema, createYoga } from 'graphql-yoga';
import { WebSocketServer } from 'ws';
import { createStreams, refusal, type Streams } from './createStreams.ts';
import { generousLimits } from './generousLimits.ts';
import { listen } from './listen.ts';

export interface Transports extends AsyncDisposable {
  readonly url: string;
  readonly socketUrl: string;
  /** A manager that is signed in with the token that this server takes. Each renewal brings the next one. */
  readonly auth: TokenManager;
  readonly renewals: () => number;
  /** The token of now is dead; the next one works. */
  readonly kill: () => void;
  /** The next operation is refused, whatever its token: a socket keeps the token that it was opened with. */
  readonly refuseOnce: () => void;
  /** Keeps the next token back until the returned function is called. */
  readonly holdRenewals: () => () => void;
  /** The tokens of what was executed, in order. */
  readonly executed: string[];
  /** The subscriptions to `nth`. */
  readonly streams: Streams;
}

interface Context {
  readonly token: string;
}

const typeDefs = /* GraphQL */ `
  scalar File
  type Query { fast: String slow: String letters: [String!] }
  type Mutation { upload(file: File!): String }
  type Subscription { count(to: Int!): Int! nth: Int }
`;

/** A server for what the emulators do not speak: GraphQL over WebSocket, incremental delivery, uploads. */
export async function startTransports(): Promise<Transports> {
  let alive = 0;
  let renewed = 0;
  let refusals = 0;
  let held: Promise<void> | undefined;
  const executed: string[] = [];
  const streams = createStreams();
  const check = ({ token }: Context) => {
    const isRefused = refusals > 0 || token !== `token-${alive}`;
    refusals = 0;
    if (isRefused) throw refusal();
    executed.push(token);
  };
  const guarded =
    <Args, Result>(resolve: (args: Args) => Result) =>
    (_: unknown, args: Args, context: Context) => {
      check(context);
      return resolve(args);
    };
  const schema = createSchema<Context>({
    typeDefs,
    resolvers: {
      Query: {
        fast: guarded(() => 'fast'),
        slow: (_, _args, context: Context) =>
          new Promise<void>(resolve => setImmediate(resolve)).then(() => check(context)).then(() => 'slow'),
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
  const tokenIn = (header: unknown) => ({ token: typeof header === 'string' ? header.replace('Bearer ', '') : '' });
  const yoga = createYoga<object, Context>({
    schema,
    plugins: [useDeferStream()],
    context: ({ request }: { request: Request }) => tokenIn(request.headers.get('authorization')),
    logging: false,
    maskedErrors: false,
  });
  const server = createServer((request, response) => void yoga(request, response));
  const sockets = new WebSocketServer({ server, path: '/graphql' });
  // Without time limits: on a busy machine the server would close sockets after 3 s without a message, or 12 s without a pong.
  const serving = useServer(
    {
      schema,
      context: ({ connectionParams }) => tokenIn(connectionParams?.authorization),
      connectionInitWaitTimeout: 0,
    },
    sockets,
    0,
  );
  const { origin, close } = await listen(server);
  const url = `${origin}/graphql`;
  const auth = createTokenManager({
    ...generousLimits,
    async renew({ signal }) {
      await fetch(`${url}?query={__typename}`, { signal });
      await held;
      return `token-${++renewed}`;
    },
  });
  await auth.adopt('token-0');
  return {
    url,
    socketUrl: url.replace('http', 'ws'),
    auth,
    renewals: () => renewed,
    kill: () => {
      alive++;
    },
    refuseOnce: () => {
      refusals = 1;
    },
    holdRenewals() {
      let release: () => void = () => {};
      held = new Promise(resolve => (release = resolve));
      return release;
    },
    executed,
    streams,
    async [Symbol.asyncDispose]() {
      auth.dispose();
      await serving.dispose();
      await close();
    },
  };
}
