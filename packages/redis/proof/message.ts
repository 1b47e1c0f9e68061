/** Which API the processes share a session with. */
export type ApiKind = 'altrata' | 'exclusive' | 'rotating';

/** What a worker is started with. */
export interface WorkerSettings {
  readonly kind: ApiKind;
  readonly client: 'redis' | 'ioredis';
  readonly redisUrl: string;
  readonly tokenUrl: string;
  readonly apiUrl: string;
  readonly apiKey: string;
  readonly username: string;
  readonly password: string;
  readonly leaseMs: number;
  readonly commandTimeoutMs: number;
  readonly renewTimeoutMs: number;
  readonly cooldownMs: number;
}

/** From the parent. */
export type Command =
  /** Puts the clock of the process forward. */
  | { readonly do: 'shift'; readonly ms: number }
  /** One operation, tried once. */
  | { readonly do: 'operate' }
  /** Operations one after the other, each tried until it succeeds, until `finish`. */
  | { readonly do: 'run' }
  /** Finishes the operation that is on its way. */
  | { readonly do: 'finish' }
  | { readonly do: 'signIn' }
  | { readonly do: 'signOut' }
  | { readonly do: 'show' };

/** To the parent: the answer to a command, after `ready` at the start. */
export interface Answer {
  readonly of: Command['do'] | 'ready';
  /** The operation succeeded; `show`: somebody is signed in. */
  readonly isGood?: boolean;
  readonly code?: string;
  readonly counts?: Counts;
  readonly accessToken?: string | null;
}

export interface Counts {
  readonly operations: number;
  /** Attempts that failed, of operations that succeeded in the end. */
  readonly retried: number;
  readonly renewals: number;
  /** Why the session ended, each time. */
  readonly signedOut: readonly string[];
  readonly storeFailed: number;
}
