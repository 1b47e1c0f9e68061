import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findRedis } from './findRedis.ts';

/** A real redis-server on loopback, in a folder of its own. */
export interface RedisServer extends AsyncDisposable {
  readonly port: number;
  /** `redis://127.0.0.1:<port>` */
  readonly url: string;
  /** Ends the process at once, as a crash does. */
  readonly kill: () => Promise<void>;
  /** Starts it again on its port, after `kill`, with the data that it has written or without. */
  readonly start: (options: { readonly data: 'kept' | 'lost' }) => Promise<void>;
  /** Stops the process without ending it, so that connections stay open and nothing is answered. */
  readonly freeze: () => void;
  readonly thaw: () => void;
  /** Ends the process and deletes its folder. */
  readonly close: () => Promise<void>;
}

export interface RedisOptions {
  /** Further arguments of redis-server. */
  readonly args?: readonly string[];
  /** Whether each write is on the disk before it is answered, for `data: 'kept'`. @defaultValue false */
  readonly keepsData?: boolean;
}

/** @throws Error when redis-server is missing, or does not answer */
export async function startRedis({ args = [], keepsData = false }: RedisOptions = {}): Promise<RedisServer> {
  const path = findRedis();
  if (!path) throw new Error('redis-server was not found: install it, or set REDIS_SERVER to its path.');
  const folder = await mkdtemp(join(tmpdir(), 'latchkey-redis-'));
  const port = await freePort();
  const stored = keepsData ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no'];
  const fixed = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', ...stored];
  let child: ChildProcess;
  const start = async () => {
    child = spawn(path, [...fixed, ...args], { stdio: 'ignore' });
    await answered(port, child);
  };
  const kill = async () => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill('SIGKILL');
    await ended;
  };
  await start();
  const close = async () => {
    process.off('exit', end);
    await kill();
    await rm(folder, { recursive: true, force: true });
  };
  const end = () => void child.kill('SIGKILL');
  process.on('exit', end);
  return {
    port,
    url: `redis://127.0.0.1:${port}`,
    kill,
    async start({ data }) {
      if (data === 'lost') await rm(join(folder, 'appendonlydir'), { recursive: true, force: true });
      await start();
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    close,
    [Symbol.asyncDispose]: close,
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  await once(server, 'close');
  return port;
}

/** Resolves when the server answers PING, also after it has loaded its data. */
async function answered(port: number, child: ChildProcess): Promise<void> {
  for (;;) {
    if (child.exitCode !== null) throw new Error(`redis-server has ended with ${child.exitCode}.`);
    if (await isAnswering(port)) return;
    await new Promise(resolve => setTimeout(resolve, 20));
  }
}

async function isAnswering(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    socket.write('PING\r\n');
    const [answer] = await once(socket, 'data');
    return String(answer).startsWith('+PONG');
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
