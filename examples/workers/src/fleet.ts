import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Report } from './worker.ts';

const program = fileURLToPath(new URL('worker.ts', import.meta.url));

/** What one process has done, counted by the one that has started it. */
export interface Row {
  readonly name: string;
  readonly pid: number;
  end: 'ran to the end' | 'killed';
  tokenRequests: number;
  operations: number;
  readonly failed: string[];
}

/** Processes that do the same. */
export class Fleet {
  readonly rows: Row[] = [];
  /** The row of the process that has asked for a token last. */
  lastRequester: Row | undefined;
  readonly #settings: string;
  readonly #children = new Map<Row, ChildProcess>();

  constructor(settings: object) {
    this.#settings = JSON.stringify(settings);
  }

  /** Resolves when the process has had its first answer. */
  start(name: string): Promise<unknown> {
    const child = fork(program, [this.#settings], { execArgv: ['--no-warnings'] });
    const row: Row = { name, pid: child.pid ?? 0, end: 'ran to the end', tokenRequests: 0, operations: 0, failed: [] };
    this.rows.push(row);
    this.#children.set(row, child);
    child.on('message', (report: Report) => this.#count(row, report));
    return Promise.race([this.#answered(row, child), once(child, 'exit')]);
  }

  async #answered(row: Row, child: ChildProcess): Promise<void> {
    while (row.operations === 0) await once(child, 'message');
  }

  /** Ends this process in the midst of what it does, and starts another one in its place. */
  async replace(row: Row): Promise<void> {
    await this.#kill(row);
    row.end = 'killed';
    await this.start(`${row.name}'`);
  }

  async end(): Promise<void> {
    await Promise.all([...this.#children.keys()].map(row => this.#kill(row)));
  }

  async #kill(row: Row): Promise<void> {
    const child = this.#children.get(row);
    this.#children.delete(row);
    if (!child || child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }

  #count(row: Row, report: Report): void {
    if (report === 'tokenRequest') {
      row.tokenRequests++;
      this.lastRequester = row;
    } else if (report === 'operation') row.operations++;
    else row.failed.push(report.failed);
  }
}
