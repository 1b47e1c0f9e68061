import type { Profiler } from 'node:inspector';

/** Calls of functions, and the files of the functions that were called. */
export interface Calls {
  readonly functions: number;
  readonly files: number;
}

/** Sums the call counts of a coverage that was taken with `detailed: false`: each function has one range then. */
export function countCalls(coverage: readonly Profiler.ScriptCoverage[], isCounted: (url: string) => boolean): Calls {
  const callsByFile = new Map<string, number>();
  for (const { url, functions } of coverage) {
    if (!isCounted(url)) continue;
    const calls = functions.reduce((sum, { ranges }) => sum + (ranges[0]?.count ?? 0), 0);
    if (calls > 0) callsByFile.set(url, (callsByFile.get(url) ?? 0) + calls);
  }
  return {
    functions: [...callsByFile.values()].reduce((sum, calls) => sum + calls, 0),
    files: callsByFile.size,
  };
}
