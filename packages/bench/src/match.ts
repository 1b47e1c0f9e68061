import type { StubServer } from './createStubServer.ts';

/** A client's chain of links or exchanges, from its entry to a stub server. */
export interface Chain {
  /**
   * Makes `count` operations.
   *
   * @returns a function that sends all of them in one turn, each time it is called; resolves when each was answered with data
   */
  prepare(count: number): () => Promise<void>;
}

/**
 * `ours`: Latchkey's adapter. `peer`: the code that users of the client write today. `floor`: the least code that attaches a
 * token, keeps the refused operations in one list, renews once and sends them again; it handles nothing else.
 */
export type Side = 'ours' | 'peer' | 'floor';

export const sides: readonly Side[] = ['ours', 'peer', 'floor'];

/** One client, with the contestants in its chain. */
export interface Match extends Readonly<Record<Side, (server: StubServer, token: string) => Promise<Chain>>> {
  readonly adapter: string;
  readonly peerName: string;
  /** The chain without a contestant. */
  bare(server: StubServer): Promise<Chain>;
}
