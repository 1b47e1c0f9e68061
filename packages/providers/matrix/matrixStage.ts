import { type Clock, createTokenManager, type TokenManager, type TokenManagerOptions } from '@latchkey/core';
import type { Emulator, User } from '@latchkey/emulators';
import type { ClientKind, MatrixClient } from './matrixClients.ts';

/** How a provider is put before the emulator of its API. */
export interface Setting<Server extends Emulator, Credentials> {
  readonly start: () => Promise<Server>;
  readonly options: (server: Server) => TokenManagerOptions<Credentials>;
  readonly credentials: (user: User) => Credentials;
  /** Who may sign in but may not do what is asked. @defaultValue the first user */
  readonly deniedUser?: (server: Server) => User;
}

/** What may differ from one case to the next. */
export interface StageOptions {
  readonly client: ClientKind;
  /** Whether the manager may sign in by itself. @defaultValue false */
  readonly unattended?: boolean;
  /** @defaultValue 'user', the first one of the server */
  readonly who?: 'user' | 'denied' | 'mistyping';
}

/** A server, a token manager and a client, all real; and a clock of the manager's that can be put forward. */
export interface Stage extends AsyncDisposable {
  readonly server: Emulator;
  readonly auth: TokenManager;
  readonly client: MatrixClient;
  readonly signIn: (user?: User) => Promise<unknown>;
  /** Puts the manager's clock forward. */
  readonly pass: (ms: number) => void;
  /** What the server has counted so far. */
  readonly counts: () => Counts;
}

export interface Counts {
  readonly signIns: number;
  /** Every other token request. */
  readonly refreshes: number;
  /** How many times the resolver of a mutation ran. */
  readonly mutations: number;
}

/** Opens the curtain: nobody is signed in yet. */
export async function openStage<Server extends Emulator, Credentials>(
  { start, options, credentials, deniedUser }: Setting<Server, Credentials>,
  { client, unattended = false, who = 'user' }: StageOptions,
): Promise<Stage> {
  const server = await start();
  const [first] = server.users;
  const user = {
    user: first,
    denied: deniedUser?.(server) ?? first,
    mistyping: { ...first, password: 'Canary-1' },
  }[who];
  let aheadMs = 0;
  const clock: Clock = {
    now: () => Date.now() + aheadMs,
    setTimeout: (run, ms) => setTimeout(run, ms).unref(),
    clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
  };
  const auth = createTokenManager({
    ...options(server),
    clock,
    ...(unattended && { credentials: () => credentials(user) }),
  });
  return {
    server,
    auth,
    client: client.connect(auth, server.url),
    signIn: (another = user) => auth.signIn(credentials(another)),
    pass(ms) {
      aheadMs += ms;
    },
    counts() {
      const { tokenRequests, mutationsExecuted } = server.stats();
      const { total, signIn } = tokenRequests;
      return { signIns: signIn, refreshes: total - signIn, mutations: mutationsExecuted };
    },
    async [Symbol.asyncDispose]() {
      auth.dispose();
      await server.close();
    },
  };
}
