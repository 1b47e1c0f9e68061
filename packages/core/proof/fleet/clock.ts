import type { Clock } from '../../src/time/clock.ts';
import { settled } from '../../test/scriptedProvider.ts';

interface Scheduled {
  readonly at: number;
  readonly order: number;
  readonly run: () => void;
}

const isBefore = (one: Scheduled, other: Scheduled) =>
  one.at < other.at || (one.at === other.at && one.order < other.order);

/** Virtual time: what is scheduled happens in order, and all promises settle between two events. */
export class FleetTimeline {
  readonly startMs: number = Date.UTC(2026, 10, 22);
  now: number = this.startMs;
  steps = 0;
  #order = 0;
  /** A binary heap: the first is the next. */
  readonly #heap: Scheduled[] = [];

  get elapsedMs(): number {
    return this.now - this.startMs;
  }

  after(ms: number, run: () => void): void {
    const heap = this.#heap;
    const added = { at: this.now + Math.max(ms, 0), order: this.#order++, run };
    let place = heap.push(added) - 1;
    for (let parent = (place - 1) >> 1; place > 0 && isBefore(added, heap[parent] as Scheduled); ) {
      heap[place] = heap[parent] as Scheduled;
      place = parent;
      parent = (place - 1) >> 1;
    }
    heap[place] = added;
  }

  /** Resolves when this time is over. @throws Error when there are too many events: something goes round in a circle */
  async run(ms: number, mostSteps: number): Promise<void> {
    const end = this.now + ms;
    await settled();
    for (let next = this.#heap[0]; next && next.at <= end; next = this.#heap[0]) {
      this.#removeFirst();
      this.now = next.at;
      next.run();
      await settled();
      if (++this.steps > mostSteps) throw new Error(`There were more than ${mostSteps} events.`);
    }
    this.now = end;
  }

  #removeFirst(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (!last || heap.length === 0) return;
    let place = 0;
    for (;;) {
      let child = 2 * place + 1;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Scheduled, heap[child] as Scheduled)) child++;
      if (child >= heap.length || isBefore(last, heap[child] as Scheduled)) break;
      heap[place] = heap[child] as Scheduled;
      place = child;
    }
    heap[place] = last;
  }
}

/** The process or page in which a manager lives: its clock may differ, it may stand still, and it may be killed. */
export class FleetProcess implements Clock {
  readonly timeline: FleetTimeline;
  readonly skewMs: number;
  isKilled = false;
  #frozenUntil = 0;
  #awakeMs = 0;
  #awakeSince: number;

  constructor(timeline: FleetTimeline, skewMs: number) {
    this.timeline = timeline;
    this.skewMs = skewMs;
    this.#awakeSince = timeline.now;
  }

  get isFrozen(): boolean {
    return this.#frozenUntil > this.timeline.now;
  }

  get isAwake(): boolean {
    return !this.isKilled && !this.isFrozen;
  }

  /** How long it was awake, in milliseconds. */
  get awakeMs(): number {
    return this.#awakeMs + Math.max(this.timeline.now - this.#awakeSince, 0);
  }

  /** How long it has been awake without a break, in milliseconds. */
  get awakeForMs(): number {
    return this.timeline.now - this.#awakeSince;
  }

  freeze(ms: number): void {
    this.#awakeMs = this.awakeMs;
    this.#frozenUntil = this.#awakeSince = this.timeline.now + ms;
  }

  thaw(): void {
    if (!this.isFrozen) return;
    this.#frozenUntil = this.#awakeSince = this.timeline.now;
  }

  now(): number {
    return this.timeline.now + this.skewMs;
  }

  setTimeout(run: () => void, ms: number): { isCleared: boolean } {
    const timer = { isCleared: false };
    this.timeline.after(ms, () => this.deliver(() => timer.isCleared || run()));
    return timer;
  }

  clearTimeout(timer: unknown): void {
    if (timer) (timer as { isCleared: boolean }).isCleared = true;
  }

  /** Runs `run` now, when it goes on, or never. */
  deliver(run: () => void): void {
    if (this.isKilled) return;
    if (this.isFrozen)
      this.timeline.after(Math.min(this.#frozenUntil - this.timeline.now, 1_000), () => this.deliver(run));
    else run();
  }

  /** What its surroundings answer after this time. */
  answer<T>(ms: number, make: () => T): Promise<T> {
    return new Promise((resolve, reject) => {
      this.timeline.after(ms, () =>
        this.deliver(() => {
          try {
            resolve(make());
          } catch (thrown) {
            reject(thrown);
          }
        }),
      );
    });
  }

  sleep(ms: number): Promise<void> {
    return this.answer(ms, () => {});
  }
}
