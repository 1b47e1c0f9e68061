import type { RunOptions } from './adapter.ts';

let keys = 0;

/** Gives each run of a mutation its own idempotency key: the emulators use it to detect a mutation that was executed twice. */
export function withKey(document: string, options: RunOptions = {}): RunOptions {
  if (!document.startsWith('mutation') || options.headers) return options;
  return { ...options, headers: { 'idempotency-key': `${++keys}` } };
}
