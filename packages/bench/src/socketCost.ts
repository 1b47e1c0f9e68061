import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { createAuthClient } from '@latchkey/graphql-ws';
import { type Client, createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { acceptedToken } from './createStubServer.ts';
import { type Figure, makeFigure } from './figure.ts';
import { messageGoal } from './goals.ts';
import { interleave, type Rounds } from './interleave.ts';
import { msPerRun } from './msPerRun.ts';
import { signedInManager } from './signedInManager.ts';

/** Resolves when a subscription has received so many events. */
function receive(client: Client, count: number): Promise<void> {
  let received = 0;
  return new Promise((resolve, reject) => {
    const payload = { query: 'subscription ($count: Int) { event(count: $count) { n user } }', variables: { count } };
    client.subscribe(payload, {
      next: ({ data }) => void (data && received++),
      error: reject,
      complete: () => (received === count ? resolve() : reject(new Error(`${received} of ${count} events came.`))),
    });
  });
}

/** The best value of each: a real socket is measured, and what else the machine does only adds to it. */
const best = (values: readonly number[] | undefined) => (values?.length ? Math.min(...values) : null);

/** The cost of a message over a real socket, next to graphql-ws's own client. The server is a thread of its own. */
export async function socketCost(rounds: Rounds, sampleMs: number, messages: number): Promise<Figure> {
  const server = new Worker(new URL('sendMessages.ts', import.meta.url));
  const [port] = (await once(server, 'message')) as [number];
  const options = { url: `ws://127.0.0.1:${port}`, webSocketImpl: WebSocket, lazy: false };
  const auth = await signedInManager({ renew: async () => acceptedToken }, acceptedToken);
  const clients = { ours: createAuthClient(auth, options), peer: createClient(options) };
  const usPerMessage = (client: Client) => async () =>
    ((await msPerRun(() => receive(client, messages), sampleMs)) * 1000) / messages;
  const took = await interleave({ ours: usPerMessage(clients.ours), peer: usPerMessage(clients.peer) }, rounds);
  await Promise.all([clients.ours.dispose(), clients.peer.dispose(), server.terminate()]);
  return makeFigure({
    name: 'graphql-ws: one message over a socket',
    unit: 'µs',
    ours: best(took.get('ours')),
    peer: best(took.get('peer')),
    peerName: 'createClient of graphql-ws',
    goal: messageGoal,
  });
}
