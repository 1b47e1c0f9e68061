import { cpuMs } from './cpuMs.ts';
import { createStubServer, deadToken } from './createStubServer.ts';
import type { Match } from './match.ts';

/** What one storm took; the mean, where there were several. */
export interface Storm {
  readonly ms: number;
  readonly renewals: number;
  readonly refused: number;
  readonly accepted: number;
}

/**
 * So many operations at once, all with a dead token: all are refused, the token is renewed, and all are sent again. Small
 * storms need some after another for the clock, each with a client and a server of its own.
 */
export async function storm(match: Match, side: 'ours' | 'peer', count: number, times = 1): Promise<Storm> {
  const servers = Array.from({ length: times }, () => createStubServer('nextTurn'));
  const chains = await Promise.all(servers.map(server => match[side](server, deadToken)));
  const sends = chains.map(chain => chain.prepare(count));
  globalThis.gc?.();
  const start = cpuMs();
  for (const send of sends) await send();
  const ms = cpuMs() - start;
  const mean = (what: 'renewals' | 'refused' | 'accepted') =>
    servers.reduce((sum, server) => sum + server[what], 0) / times;
  return { ms: ms / times, renewals: mean('renewals'), refused: mean('refused'), accepted: mean('accepted') };
}
