import { setImmediate as nextTurn } from 'node:timers/promises';
import { createStubServer, refusedToken } from './createStubServer.ts';
import type { Match, Side } from './match.ts';

/** Turns after which every operation has been refused and nothing but the renewal is pending. */
const turnsUntilRefused = 5;

/** @throws Error without `--expose-gc` */
function heapUsed(): number {
  if (!globalThis.gc) throw new Error('The heap is measured in a process with --expose-gc only.');
  globalThis.gc();
  return process.memoryUsage().heapUsed;
}

/**
 * The heap that one operation holds while it waits for the renewal, in bytes, garbage collected before both readings.
 *
 * It contains everything that the chain has allocated for the operation since it was sent and still reaches: its entries in
 * lists and maps, closures, promises, a copy of the operation where one is kept, and in Apollo the subscription. It does not
 * contain urql's operation itself, which is made before, nor the refusal's error, which the stub shares among all operations.
 */
export async function heldBytes(match: Match, side: Side, count: number): Promise<number> {
  let answerRenewals = () => {};
  const untilRenewed = new Promise<void>(resolve => {
    answerRenewals = resolve;
  });
  const server = createStubServer('nextTurn', untilRenewed);
  const send = (await match[side](server, refusedToken)).prepare(count);
  const before = heapUsed();
  const answered = send();
  for (let turn = 0; turn < turnsUntilRefused; turn++) await nextTurn();
  if (server.refused !== count || server.accepted > 0) throw new Error(`${match.adapter}: not every operation waits.`);
  const bytes = (heapUsed() - before) / count;
  answerRenewals();
  await answered;
  return bytes;
}
