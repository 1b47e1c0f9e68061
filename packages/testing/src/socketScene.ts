import { inspect } from 'node:util';
import type { TokenManager, TokenManagerOptions } from '@latchkey/core';
import { type AuthClientOptions, createAuthClient } from '@latchkey/graphql-ws';
import type { Client } from 'graphql-ws-6';
import { expect } from 'vitest';
import type { SocketAdapter, SocketClient } from './socketClients.ts';
import { managerOf, type SocketRefusal, type SocketServer, startSocketServer } from './startSocketServer.ts';
import { type TestClock, testClock } from './testClock.ts';

/** A turn of the event loop: what is at hand on loopback has been read. */
const turn = () => new Promise<void>(resolve => setImmediate(resolve));
const settled = async () => {
  for (let n = 0; n < 5; n++) await turn();
};

export interface SceneOptions {
  readonly refusal?: SocketRefusal;
  readonly lifetimeMs?: number;
  readonly manager?: Partial<TokenManagerOptions>;
  readonly client?: Partial<AuthClientOptions>;
  /** Nobody is signed in. */
  readonly signedOut?: boolean;
}

/** What one subscription has received. */
export interface Watched {
  readonly events: unknown[];
  readonly errors: unknown[];
  isCompleted: boolean;
  readonly unsubscribe: () => void;
}

export interface SocketScene extends AsyncDisposable {
  readonly server: SocketServer;
  readonly auth: TokenManager;
  readonly clock: TestClock;
  readonly sockets: Client;
  readonly client: SocketClient;
  /** The events of the sockets, without messages. */
  readonly heard: (readonly unknown[])[];
  readonly signIn: (user: string) => Promise<void>;
  /** Subscribes to the events of the server, and waits until it has them. */
  readonly watch: (document?: string) => Promise<Watched>;
  readonly startWatching: (document?: string) => Watched;
}

let ids = 0;
/** Each is an operation of its own: clients share equal ones. */
export const eventDocument = (): string => `subscription { event(id: ${++ids}) { n user } }`;

const names = ['connecting', 'opened', 'connected', 'ping', 'pong', 'closed', 'error'] as const;

/** A user who is signed in at a server, with one client over sockets. */
export async function socketScene(adapter: SocketAdapter, options: SceneOptions = {}): Promise<SocketScene> {
  const { refusal, lifetimeMs, manager, client: given, signedOut } = options;
  const clock = testClock(settled);
  const server = await startSocketServer(clock, { ...(refusal && { refusal }), ...(lifetimeMs && { lifetimeMs }) });
  const auth = managerOf(server, clock, manager);
  const signIn = async (user: string) => auth.adopt(await server.signIn(user));
  if (!signedOut) await signIn('Ada');
  const heard: (readonly unknown[])[] = [];
  const url: AuthClientOptions['url'] =
    refusal === 'upgrade 401' ? tokens => `${server.socketUrl}?token=${tokens?.accessToken}` : server.socketUrl;
  const sockets = createAuthClient(auth, { url, retryWait: turn, webSocketImpl: adapter.webSocketImpl, ...given });
  for (const name of names) sockets.on(name, (...args: unknown[]) => void heard.push([name, ...args]));
  const client = adapter.connect(sockets);
  const failures: unknown[] = [];
  const startWatching = (document = eventDocument()): Watched => {
    const watched: Watched = {
      events: [],
      errors: [],
      isCompleted: false,
      unsubscribe: client.watch(document, {
        next({ data, error }) {
          if (error) failures.push(error);
          if (error) watched.errors.push(error);
          else watched.events.push((data as { event?: { n: number } }).event?.n ?? data);
        },
        complete() {
          watched.isCompleted = true;
        },
      }),
    };
    return watched;
  };
  return {
    server,
    auth,
    clock,
    sockets,
    client,
    heard,
    signIn,
    startWatching,
    async watch(document) {
      const before = server.openStreams();
      const watched = startWatching(document);
      await expect.poll(() => server.openStreams()).toBe(before + 1);
      return watched;
    },
    async [Symbol.asyncDispose]() {
      await sockets.dispose();
      await server[Symbol.asyncDispose]();
      auth.dispose();
      expectNoTokens(server, [...failures, heard.map(([name, ...args]) => [name, args.map(eventOf)])]);
    },
  };
}

/** What an application may log of an event: not the socket itself, which is a big object and has the URL. */
const eventOf = (argument: unknown) => {
  if (typeof argument !== 'object' || argument === null) return argument;
  const { code, reason, message, wasClean, cause } = argument as Record<string, unknown>;
  return { code, reason, message, wasClean, cause };
};

/** No token is in an error, an event or the reason of a close. */
function expectNoTokens(server: SocketServer, seen: readonly unknown[]): void {
  const shown = inspect([seen, server.connections.map(({ closed }) => closed)], { depth: 10, showHidden: true });
  for (const token of server.tokens.filter(Boolean)) expect(shown).not.toContain(token);
}
