import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/** A TCP proxy on loopback, whose connections a test cuts, delays and holds. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** Closes all connections; new ones are accepted. */
  readonly cut: () => void;
  /** Refuses connections and closes those that are open, until `accept`. */
  readonly refuse: () => void;
  readonly accept: () => void;
  /** Passes nothing on until `resume`; connections stay open. */
  readonly stall: () => void;
  readonly resume: () => void;
  /** Delays all bytes by so many milliseconds, in both directions. */
  readonly delay: (ms: number) => void;
  /** Drops the next bytes that come back, and closes their connection: what was sent has taken effect. */
  readonly loseNextAnswer: () => void;
  /** Where new connections lead; those that are open are closed. */
  readonly lead: (port: number) => void;
  readonly close: () => Promise<void>;
}

interface TcpProxyState {
  target: number;
  delayMs: number;
  isRefusing: boolean;
  isLosing: boolean;
  /** What waits during a stall. */
  held: (() => void)[] | undefined;
  readonly sockets: Set<Socket>;
}

export async function startTcpProxy(target: number): Promise<TcpProxy> {
  const state: TcpProxyState = {
    target,
    delayMs: 0,
    isRefusing: false,
    isLosing: false,
    held: undefined,
    sockets: new Set(),
  };
  const server = createServer(socket => join(state, socket)).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    for (const socket of state.sockets) socket.destroy();
  };
  const close = async () => {
    server.close();
    cut();
    await once(server, 'close');
  };
  return {
    port: (server.address() as { port: number }).port,
    cut,
    refuse() {
      state.isRefusing = true;
      cut();
    },
    accept() {
      state.isRefusing = false;
    },
    stall() {
      state.held ??= [];
    },
    resume() {
      const { held = [] } = state;
      state.held = undefined;
      for (const pass of held) pass();
    },
    delay(ms) {
      state.delayMs = ms;
    },
    loseNextAnswer() {
      state.isLosing = true;
    },
    lead(port) {
      state.target = port;
      cut();
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function join(state: TcpProxyState, near: Socket): void {
  if (state.isRefusing) return void near.destroy();
  const far = connect(state.target, '127.0.0.1');
  const both = [near, far];
  const end = () => {
    for (const socket of both) {
      socket.destroy();
      state.sockets.delete(socket);
    }
  };
  for (const socket of both) {
    state.sockets.add(socket);
    socket.setNoDelay(true).on('error', end).on('close', end);
  }
  near.on('data', bytes => pass(state, () => far.write(bytes)));
  far.on('data', bytes => {
    if (state.isLosing) {
      state.isLosing = false;
      return end();
    }
    pass(state, () => near.write(bytes));
  });
}

/** In order: bytes of one delay keep theirs, and a stall holds those that follow as well. */
function pass(state: TcpProxyState, write: () => void): void {
  const later = () => (state.held ? void state.held.push(write) : write());
  if (state.delayMs > 0) setTimeout(later, state.delayMs);
  else later();
}
