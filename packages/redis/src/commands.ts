import { type Clock, TokenError } from '@latchkey/core';
import type { Connection } from './connection.ts';
import type { Script } from './scripts.ts';

/** Redis has not answered: nobody knows whether the command ran. A reply that is an error is no `gone`. */
export const gone = (message: string): TokenError => new TokenError('unavailable', message);

/** The command was not sent, and will not run. */
export class NotConnected extends TokenError {
  constructor() {
    super('unavailable', 'The client is not connected to Redis.');
  }
}

export interface CommandsOptions {
  readonly connection: Connection;
  readonly clock: Clock;
  readonly timeoutMs: number;
  readonly keys: readonly string[];
}

/** Commands that all end, and that never wait in the queue of a client. */
export class Commands {
  readonly #options: CommandsOptions;
  /** The client has never been ready yet, and commands wait for it. */
  #isConnecting = true;
  readonly #waiting = new Set<() => void>();

  constructor(options: CommandsOptions) {
    this.#options = options;
  }

  get isReady(): boolean {
    return this.#options.connection.isReady();
  }

  /** The client is ready, or has failed to connect: nothing waits any longer. */
  decided(): void {
    this.#isConnecting = false;
    for (const resume of this.#waiting) resume();
  }

  /**
   * @param late - called with the reply when it comes after all
   * @throws TokenError `unavailable` without an answer in time; what the client throws when the answer is an error
   */
  async run(script: Script, args: readonly string[], late: (reply: unknown) => void = () => {}): Promise<unknown> {
    const { connection, keys } = this.#options;
    if (!connection.isReady()) await this.#firstReady();
    return this.#inTime(connection.run(script, keys, args), script.name, late);
  }

  async #firstReady(): Promise<void> {
    if (this.#isConnecting) await this.#wait();
    this.#isConnecting = false;
    if (!this.isReady) throw new NotConnected();
  }

  #wait(): Promise<void> {
    const { clock, timeoutMs } = this.#options;
    return new Promise(resolve => {
      const resume = () => {
        clock.clearTimeout(timer);
        this.#waiting.delete(resume);
        resolve();
      };
      const timer = clock.setTimeout(resume, timeoutMs);
      this.#waiting.add(resume);
    });
  }

  #inTime(answer: Promise<unknown>, name: string, late: (reply: unknown) => void): Promise<unknown> {
    const { clock, timeoutMs } = this.#options;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = clock.setTimeout(() => {
        isLate = true;
        reject(gone(`Redis has not answered ${name} in ${timeoutMs} ms.`));
      }, timeoutMs);
      answer
        .finally(() => clock.clearTimeout(timer))
        .then(
          reply => (isLate ? late(reply) : resolve(reply)),
          (thrown: unknown) => reject(thrown),
        );
    });
  }
}
