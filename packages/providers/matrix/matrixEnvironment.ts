import { createTokenManager, type TokenManager, type TokenManagerOptions } from '@latchkey/core';
import type { Emulator, User } from '@latchkey/emulators';
import { createAdvancingClock } from './createAdvancingClock.ts';
import type { ClientKind, MatrixClient } from './matrixClients.ts';

/** A provider and the emulator of its API. */
export interface ProviderSetup<Server extends Emulator, Credentials> {
  readonly start: () => Promise<Server>;
  readonly options: (server: Server) => TokenManagerOptions<Credentials>;
  readonly credentials: (user: User) => Credentials;
  /** The user who may sign in but lacks the right for the operation `denied`. @defaultValue the first user */
  readonly deniedUser?: (server: Server) => User;
}

/** What differs from one case to the next. */
export interface EnvironmentOptions {
  readonly client: ClientKind;
  /** Whether the manager has `credentials`, with which it signs in by itself. @defaultValue false */
  readonly unattended?: boolean;
  /** @defaultValue 'user', the first one of the server */
  readonly who?: 'user' | 'denied' | 'mistyping';
}

/** A server, a token manager and a client, all real. The clock of the manager can be put forward. */
export interface Environment extends AsyncDisposable {
  readonly server: Emulator;
  readonly auth: TokenManager;
  readonly client: MatrixClient;
  readonly signIn: (user?: User) => Promise<unknown>;
  /** Puts the manager's clock forward. */
  readonly advance: (ms: number) => void;
  /** The server's counts so far. */
  readonly counts: () => Counts;
}

export interface Counts {
  readonly signIns: number;
  /** Every other token request. */
  readonly refreshes: number;
  /** How many times the resolver of a mutation ran. */
  readonly mutations: number;
}

/** Starts an environment in which nobody is signed in. */
export async function startEnvironment<Server extends Emulator, Credentials>(
  { start, options, credentials, deniedUser }: ProviderSetup<Server, Credentials>,
  { client, unattended = false, who = 'user' }: EnvironmentOptions,
): Promise<Environment> {
  const server = await start();
  const [first] = server.users;
  const user = {
    user: first,
    denied: deniedUser?.(server) ?? first,
    mistyping: { ...first, password: 'Canary-1' },
  }[who];
  const { clock, advance } = createAdvancingClock();
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
    advance,
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
