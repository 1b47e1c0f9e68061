import type { RunOptions } from './adapter.ts';

let keys = 0;

/** Each run of a mutation has a key of its own, by which the emulators notice that one was executed twice. */
export function withKey(document: string, options: RunOptions = {}): RunOptions {
  if (!document.startsWith('mutation') || options.headers) return options;
  return { ...options, headers: { 'idempotency-key': `${++keys}` } };
}
