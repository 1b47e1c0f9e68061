import type { Entry, Hold, Place, Stamp, StoreHost, TokenRecord } from '@latchkey/core/adapter';
import { Commands, gone } from './commands.ts';
import type { Connection } from './connection.ts';
import { isSealed, type KeyRing, keyIdOf, unknownKey } from './keyRing.ts';
import { LeaseQueue } from './leaseQueue.ts';
import { free, type Notices } from './notices.ts';
import { load, save } from './scripts.ts';

const dayMs = 86_400_000;
const firstPauseMs = 250;
const longestPauseMs = 30_000;

export interface RedisPlaceOptions {
  readonly connection: Connection;
  readonly notices: Notices;
  readonly ring: KeyRing | undefined;
  /** Of the record, and of the lease. */
  readonly keys: readonly [string, string];
  readonly channel: string;
  readonly leaseMs: number;
  readonly commandTimeoutMs: number;
  readonly recordTtlMs: number;
}

/** What cannot be read: the core reports it and leaves it in place. */
const damaged = {} as TokenRecord;

/** A record in Redis, as one token manager sees it. */
export class RedisPlace implements Place {
  /** In its notices, which it does not heed itself. */
  readonly #id = crypto.randomUUID();
  readonly #host: StoreHost;
  readonly #options: RedisPlaceOptions;
  readonly #commands: Commands;
  readonly #queue: LeaseQueue;
  readonly #stops: readonly (() => void)[];
  #looking: Promise<void> | undefined;
  /** A notice came during a look. */
  #isStale = false;
  #pauseMs = firstPauseMs;
  #timer: unknown;
  #isClosed = false;
  /** The connection was lost, or the first one has failed. */
  #wasLost: boolean;

  constructor(host: StoreHost, options: RedisPlaceOptions) {
    const { connection, notices, keys, commandTimeoutMs: timeoutMs } = options;
    const { clock } = host;
    this.#host = host;
    this.#options = options;
    this.#commands = new Commands({ connection, clock, timeoutMs, keys });
    this.#queue = new LeaseQueue({
      ...options,
      commands: this.#commands,
      clock,
      isNotified: () => notices.isHeard,
      look: isNotified => this.#lookInQueue(isNotified),
    });
    this.#wasLost = connection.isLost();
    if (connection.isReady() || this.#wasLost) this.#commands.decided();
    this.#stops = [
      connection.watch({ ready: () => this.#ready(), lost: () => this.#lost(), ended: () => notices.close() }),
      notices.listen({
        heard: notice => this.#heard(notice),
        ready: () => void this.#look(),
        failed: cause => host.failed('notify', cause),
      }),
    ];
    connection.wake();
  }

  async load(): Promise<Entry | undefined> {
    const late = (reply: unknown) =>
      void this.#entryOf(reply).then(
        entry => this.#found(entry),
        () => {},
      );
    return this.#entryOf(await this.#commands.run(load, [], late));
  }

  async save({ stamp, record }: Entry, over: Stamp = ''): Promise<boolean> {
    const { channel, recordTtlMs, ring, keys } = this.#options;
    const json = record ? JSON.stringify(record) : '';
    const data = record && ring ? await ring.seal(json, `${keys[0]} ${stamp}`) : json;
    const ttlMs = record ? lifeOf(record, this.#host.clock.now(), recordTtlMs) : dayMs;
    const args = [stamp, data, String(ttlMs), channel, this.#id, over];
    const answer = Number(await this.#commands.run(save, args));
    if (answer === 2) this.#host.failed('notify', gone('Redis permits no PUBLISH on the channel of the store.'));
    return answer > 0;
  }

  readonly lock = (run: (hold: Hold) => Promise<void>, signal: AbortSignal): Promise<void> =>
    this.#queue.run(run, signal);

  close(): void {
    this.#isClosed = true;
    this.#host.clock.clearTimeout(this.#timer);
    for (const stop of this.#stops) stop();
  }

  #ready(): void {
    const { notices } = this.#options;
    if (this.#wasLost) this.#queue.back(); // holders first
    this.#wasLost = false;
    this.#commands.decided();
    notices.open();
    void this.#look();
  }

  #lost(): void {
    this.#wasLost = true;
    this.#commands.decided();
  }

  #heard(notice: string): void {
    if (notice === this.#id) return;
    if (notice !== free) void this.#look();
    this.#queue.wake();
  }

  /** Without notices who waits looks each time; with them a look is on its way where there is something to see. */
  async #lookInQueue(isNotified: boolean): Promise<void> {
    const { failure } = this.#options.notices;
    if (!isNotified && failure !== undefined) this.#host.failed('notify', failure);
    await (isNotified ? this.#looking : this.#look());
  }

  /** Looks now, and once more where a notice comes meanwhile. Never rejects. */
  #look(): Promise<void> {
    this.#isStale = true;
    this.#looking ??= this.#lookWhileStale().finally(() => {
      this.#looking = undefined;
    });
    return this.#looking;
  }

  async #lookWhileStale(): Promise<void> {
    const { clock } = this.#host;
    clock.clearTimeout(this.#timer);
    while (this.#isStale && !this.#isClosed) {
      this.#isStale = false;
      try {
        this.#found(await this.load());
        this.#pauseMs = firstPauseMs;
      } catch (thrown) {
        if (this.#isClosed) return;
        this.#host.failed('load', thrown);
        this.#lookLater();
      }
    }
  }

  /** What memory holds may have to be put back: a look that failed is made up for. Without a connection `ready` looks again. */
  #lookLater(): void {
    if (!this.#commands.isReady) return;
    const { clock } = this.#host;
    clock.clearTimeout(this.#timer);
    this.#timer = clock.setTimeout(() => void this.#look(), this.#pauseMs * (0.75 + Math.random() / 4));
    this.#pauseMs = Math.min(this.#pauseMs * 2, longestPauseMs);
  }

  #found(entry: Entry | undefined): void {
    if (!this.#isClosed) this.#host.found(entry);
  }

  async #entryOf(reply: unknown): Promise<Entry | undefined> {
    const [stamp, data] = (reply as readonly (string | Uint8Array | null)[]).map(part => part?.toString());
    if (stamp === undefined && data === undefined) return undefined;
    const record = data === '' ? null : await this.#recordOf(stamp ?? '', data ?? '');
    return { stamp: stamp ?? '', record };
  }

  /** @throws TokenError `unavailable` for a key that is not in the ring */
  async #recordOf(stamp: Stamp, data: string): Promise<TokenRecord> {
    const { ring, keys } = this.#options;
    if (!ring && isSealed(data)) throw unknownKey(keyIdOf(data));
    try {
      const json = ring ? await ring.open(data, `${keys[0]} ${stamp}`) : data;
      return json === undefined ? damaged : (JSON.parse(json) as TokenRecord);
    } catch (thrown) {
      if (thrown instanceof SyntaxError) return damaged;
      throw thrown;
    }
  }
}

/** A record that is gone ends no session, so it lasts longer than all of its tokens, at least a day. */
function lifeOf(
  { expiresAt = 0, refreshExpiresAt, refreshToken }: TokenRecord,
  now: number,
  recordTtlMs: number,
): number {
  const end = refreshToken === undefined ? expiresAt : (refreshExpiresAt ?? 0);
  return end === 0 ? recordTtlMs : Math.max(Math.ceil(Math.max(end, expiresAt) - now), dayMs);
}
