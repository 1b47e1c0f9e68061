import { cpuMs } from './cpuMs.ts';
import { createStubServer, refusedToken } from './createStubServer.ts';
import type { Match, Side } from './match.ts';

/** The cost of one storm; the mean, where there were several. */
export interface Storm {
  /** Of computing time. */
  readonly ms: number;
  readonly renewals: number;
  readonly refused: number;
  readonly accepted: number;
}

/**
 * Sends `count` operations at once, all with a token that the server refuses: all are refused, the token is renewed, and all
 * are sent again. The clock is too coarse for one small storm: `times` of them run one after another, each with a client
 * and a server of its own.
 */
export async function storm(match: Match, side: Side, count: number, times = 1): Promise<Storm> {
  const servers = Array.from({ length: times }, () => createStubServer('nextTurn'));
  const chains = await Promise.all(servers.map(server => match[side](server, refusedToken)));
  const sends = chains.map(chain => chain.prepare(count));
  globalThis.gc?.();
  const start = cpuMs();
  for (const send of sends) await send();
  const ms = cpuMs() - start;
  const mean = (name: 'renewals' | 'refused' | 'accepted') =>
    servers.reduce((sum, server) => sum + server[name], 0) / times;
  return { ms: ms / times, renewals: mean('renewals'), refused: mean('refused'), accepted: mean('accepted') };
}
