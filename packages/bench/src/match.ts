import type { StubServer } from './createStubServer.ts';

/** A client's chain of links or exchanges, from its entry to a stub server. */
export interface Chain {
  /**
   * Makes so many operations.
   *
   * @returns what sends them all in one turn, again each time it is called; resolves when each was answered with data
   */
  prepare(count: number): () => Promise<void>;
}

/** One client: our adapter in it, and what its users write today. */
export interface Match {
  readonly adapter: string;
  readonly peerName: string;
  /** Nothing between the client and the server. */
  bare(server: StubServer): Promise<Chain>;
  ours(server: StubServer, token: string): Promise<Chain>;
  peer(server: StubServer, token: string): Promise<Chain>;
}
