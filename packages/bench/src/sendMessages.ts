import { parentPort } from 'node:worker_threads';
import { WebSocketServer } from 'ws';

// A worker: its own thread, so that the computing time of the client is measured alone. The least server that speaks the
// protocol: it answers `subscribe` with as many events as the variable asks for, in the rhythm of the connection.

interface ClientMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: { readonly variables?: { readonly count?: number } };
}

const server = new WebSocketServer({
  host: '127.0.0.1',
  port: 0,
  handleProtocols: () => 'graphql-transport-ws',
});
server.on('connection', socket => {
  socket.on('message', data => {
    const { type, id, payload } = JSON.parse((data as Buffer).toString()) as ClientMessage;
    if (type === 'connection_init') socket.send('{"type":"connection_ack"}');
    if (type !== 'subscribe') return;
    const next = JSON.stringify({ id, type: 'next', payload: { data: { event: { n: 1, user: 'Ada' } } } });
    for (let n = 0; n < (payload?.variables?.count ?? 0); n++) socket.send(next);
    socket.send(JSON.stringify({ id, type: 'complete' }));
  });
});
server.on('listening', () => parentPort?.postMessage((server.address() as { readonly port: number }).port));
