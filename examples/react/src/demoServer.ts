import type { Stats, User } from '@latchkey/emulators';
import type { Api } from './apis.ts';
import { post } from './post.ts';

/** The server's own counters and faults. */
export interface Counts extends Stats {
  readonly isDown: boolean;
  readonly isHiding: boolean;
}

/** The controls of the example's server. */
export interface DemoServer {
  readonly users: () => Promise<readonly User[]>;
  readonly counts: () => Promise<Counts>;
  readonly expireToken: () => Promise<unknown>;
  readonly revokeSession: () => Promise<unknown>;
  readonly takeDown: (seconds: number) => Promise<unknown>;
  readonly setLifetime: (seconds: number) => Promise<unknown>;
  readonly hideTokens: (on: boolean) => Promise<unknown>;
}

export function demoServer({ demoUrl }: Api): DemoServer {
  const at = (path: string) => new URL(path, demoUrl).href;
  const get = async (path: string) => (await fetch(at(path))).json();
  return {
    users: () => get('users'),
    counts: () => get('stats'),
    expireToken: () => post(at('expire')),
    revokeSession: () => post(at('revoke')),
    takeDown: seconds => post(at('down'), { body: { seconds } }),
    setLifetime: seconds => post(at('lifetime'), { body: { seconds } }),
    hideTokens: on => post(at('hide'), { body: { on } }),
  };
}
