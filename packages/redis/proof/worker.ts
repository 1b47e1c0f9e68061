import {
  type Clock,
  createTokenManager,
  TokenError,
  type TokenManager,
  type TokenManagerOptions,
} from '@latchkey/core';
import { authFetch } from '@latchkey/fetch';
import { altrata } from '@latchkey/providers/altrata';
import { redisStore } from '@latchkey/redis';
import { connectClient } from './connectClient.ts';
import type { Answer, Command, Counts, WorkerSettings } from './message.ts';
import { exclusive, rotating } from './providers.ts';

// A process like an application's: its client of Redis, its token manager, its operations.

const settings = JSON.parse(process.argv[2] ?? '{}') as WorkerSettings;
const send = (answer: Answer) => void process.send?.(answer);

let shiftMs = 0;
const clock: Clock = {
  now: () => Date.now() + shiftMs,
  setTimeout: (run, ms) => setTimeout(run, ms),
  clearTimeout: timer => clearTimeout(timer as NodeJS.Timeout),
};

const provider = (): TokenManagerOptions<never> => {
  const { kind, apiKey, tokenUrl, username, password } = settings;
  if (kind === 'rotating') return rotating(tokenUrl);
  const credentials = () => ({ username, password }) as never;
  return kind === 'altrata'
    ? { ...altrata({ apiKey, tokenUrl }), credentials }
    : { ...exclusive(tokenUrl), credentials };
};

const { leaseMs, commandTimeoutMs, renewTimeoutMs, cooldownMs } = settings;
const auth: TokenManager<never> = createTokenManager<never>({
  ...provider(),
  store: redisStore(await connectClient(settings), 'service', { leaseMs, commandTimeoutMs }),
  clock,
  renewTimeoutMs,
  lockWaitMs: renewTimeoutMs + Math.max(leaseMs, 5_000),
  cooldownMs,
});
const signedInFetch = authFetch(auth);

const counts = { operations: 0, retried: 0, renewals: 0, signedOut: [] as string[], storeFailed: 0 };
auth.on('renewed', () => void counts.renewals++);
auth.on('signedOut', ({ reason }) => void counts.signedOut.push(reason));
auth.on('storeFailed', () => void counts.storeFailed++);

/** @throws what the operation fails with */
async function operate(): Promise<void> {
  const body = JSON.stringify({ query: '{ me { name } }' });
  const headers = { 'content-type': 'application/json', 'x-process': String(process.pid) };
  const response = await signedInFetch(settings.apiUrl, { method: 'POST', body, headers, auth: 'required' });
  const { data } = (await response.json()) as { readonly data?: unknown };
  if (!data) throw new Error(`status ${response.status}`);
}

const codeOf = (thrown: unknown) => (TokenError.is(thrown) ? thrown.code : String(thrown));
const pause = (ms: number) => new Promise(resolve => setTimeout(resolve, ms));

let isRunning = false;
let running: Promise<void> = Promise.resolve();
let lastCode = '';

async function runOperations(): Promise<void> {
  while (isRunning) {
    for (let isDone = false; !isDone; ) {
      try {
        await operate();
        isDone = true;
        counts.operations++;
      } catch (thrown) {
        lastCode = codeOf(thrown);
        counts.retried++;
        await pause(200);
      }
    }
    await pause(50 + Math.random() * 150);
  }
}

const commands: Readonly<Record<Command['do'], (command: Command) => Answer | Promise<Answer>>> = {
  shift(command) {
    if (command.do === 'shift') shiftMs += command.ms;
    return { of: 'shift' };
  },
  operate: () =>
    operate().then(
      () => ({ of: 'operate', isGood: true }),
      (thrown: unknown) => ({ of: 'operate', isGood: false, code: codeOf(thrown) }),
    ),
  run() {
    isRunning = true;
    running = runOperations();
    return { of: 'run' };
  },
  async finish() {
    isRunning = false;
    await running;
    return { of: 'finish', counts: counts as Counts };
  },
  async signIn() {
    await auth.signIn(undefined as never);
    return { of: 'signIn' };
  },
  async signOut() {
    await auth.signOut();
    return { of: 'signOut' };
  },
  show: () => ({
    of: 'show',
    isGood: auth.state.status === 'signedIn',
    code: lastCode,
    accessToken: auth.fresh()?.accessToken ?? null,
  }),
};

process.on('message', (command: Command) => {
  void Promise.resolve(commands[command.do](command)).then(send);
});
process.on('disconnect', () => process.exit());
send({ of: 'ready' });
