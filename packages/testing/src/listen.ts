import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Listening {
  /** `http://127.0.0.1:<port>` */
  readonly origin: string;
  /** Closes all connections and frees the port. */
  readonly close: () => Promise<void>;
}

/** Lets a server listen on a free port of loopback. */
export async function listen(server: Server): Promise<Listening> {
  // Node closes idle connections after 5 s: on a busy machine, just when the next request is sent on one.
  server.keepAliveTimeout = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}
