import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Answer, Command, WorkerSettings } from './message.ts';

const program = fileURLToPath(new URL('worker.ts', import.meta.url));

const running = new Set<ChildProcess>();
process.on('exit', () => {
  for (const child of running) child.kill('SIGKILL');
});

/** A process of the fleet. */
export class Worker {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<Answer['of'], (answer: Answer | undefined) => void>();
  readonly ready: Promise<unknown>;
  isEnded = false;
  /** Until then it has stopped, or has just gone on. */
  stoppedUntil = 0;

  constructor(settings: WorkerSettings) {
    this.#child = fork(program, [JSON.stringify(settings)], { execArgv: ['--no-warnings'] });
    running.add(this.#child);
    this.#child.on('message', (answer: Answer) => this.#take(answer.of, answer));
    this.#child.on('exit', () => {
      this.isEnded = true;
      running.delete(this.#child);
      for (const of of this.#waiting.keys()) this.#take(of, undefined);
    });
    this.ready = this.#answer('ready');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Resolves to its answer, or to `undefined` when it ends before. */
  ask(command: Command): Promise<Answer | undefined> {
    const answer = this.#answer(command.do);
    this.#child.send(command, () => {});
    return answer;
  }

  kill(): Promise<unknown> {
    const ended = this.isEnded ? Promise.resolve() : once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    return ended;
  }

  /** Stops the process for this time, as a frozen machine does. */
  async stop(ms: number): Promise<void> {
    this.stoppedUntil = Date.now() + ms + 1_000;
    this.#child.kill('SIGSTOP');
    await new Promise(resolve => setTimeout(resolve, ms));
    this.#child.kill('SIGCONT');
  }

  #answer(of: Answer['of']): Promise<Answer | undefined> {
    if (this.isEnded) return Promise.resolve(undefined);
    return new Promise(resolve => this.#waiting.set(of, resolve));
  }

  #take(of: Answer['of'], answer: Answer | undefined): void {
    const resolve = this.#waiting.get(of);
    this.#waiting.delete(of);
    resolve?.(answer);
  }
}

/** Starts processes in fours, and waits until they are ready. */
export async function startWorkers(settings: readonly WorkerSettings[]): Promise<Worker[]> {
  const workers: Worker[] = [];
  for (let at = 0; at < settings.length; at += 4) {
    const started = settings.slice(at, at + 4).map(each => new Worker(each));
    await Promise.all(started.map(({ ready }) => ready));
    workers.push(...started);
  }
  return workers;
}
