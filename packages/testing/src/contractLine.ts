import type { Adapter } from './adapter.ts';

/** One test of the contract, after its run. */
export interface Fact {
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Whose it is; `undefined` where it did not run. */
  readonly adapter?: Pick<Adapter, 'name' | 'version'> | undefined;
}

/** What a run of the contract has shown, in one line: `versions` counts those of every client. */
export function contractLine(facts: readonly Fact[]): string {
  const count = (state: Fact['state']) => facts.filter(fact => fact.state === state).length;
  const adapters = facts.flatMap(({ adapter }) => adapter ?? []);
  const names = new Set(adapters.map(({ name }) => name));
  const versions = new Set(adapters.map(({ name, version }) => `${name} ${version}`));
  return `facts=${facts.length} adapters=${names.size} versions=${versions.size} failed=${count('failed')} skipped=${count('skipped')}`;
}
