import type { FleetTimeline } from './clock.ts';

/** What a life was: its violations, what excuses a lost session, and its log. */
export class FleetReport {
  /** By invariant: the first time that it did not hold. */
  readonly violations: Map<string, string> = new Map();
  /** What nobody can prevent, and concerns all sessions. */
  readonly excuses: Set<string> = new Set();
  readonly counts: { requests: number; refusals: number; lost: number; operations: number } = {
    requests: 0,
    refusals: 0,
    lost: 0,
    operations: 0,
  };
  /** Whether anything happened of which a lost session may be the consequence. */
  isExcused = false;
  readonly lines: string[] = [];
  readonly #timeline: FleetTimeline;
  readonly #isTraced: boolean;

  constructor(timeline: FleetTimeline, isTraced: boolean) {
    this.#timeline = timeline;
    this.#isTraced = isTraced;
  }

  log(line: () => string): void {
    if (this.#isTraced) this.lines.push(`${String(Math.round(this.#timeline.elapsedMs)).padStart(7)} ${line()}`);
  }

  violated(invariant: string, detail = ''): void {
    if (!this.violations.has(invariant)) this.violations.set(invariant, detail);
    this.log(() => `!! ${invariant} ${detail}`);
  }

  excuse(reason: string): void {
    this.excuses.add(reason);
    this.isExcused = true;
    this.log(() => `   excuse: ${reason}`);
  }
}
