import type { Adapter } from './adapter.ts';

/** One test of the contract, after its run. */
export interface Fact {
  readonly state: 'passed' | 'failed' | 'skipped';
  /** Whose it is; `undefined` where it did not run. */
  readonly adapter?: Pick<Adapter, 'name' | 'version'> | undefined;
  /** The recorded answer that it is about. */
  readonly answer?: string | undefined;
}

/** What a run of the contract has shown, in one line: `versions` counts those of every client. */
export function contractLine(facts: readonly Fact[]): string {
  const count = (state: Fact['state']) => facts.filter(fact => fact.state === state).length;
  const adapters = facts.flatMap(({ adapter }) => adapter ?? []);
  const names = new Set(adapters.map(({ name }) => name));
  const versions = new Set(adapters.map(({ name, version }) => `${name} ${version}`));
  return `facts=${facts.length} adapters=${names.size} versions=${versions.size} failed=${count('failed')} skipped=${count('skipped')}`;
}

/** What a run of the recorded answers has shown, in one line; an answer that a client has not met counts as failed. */
export function answersLine(facts: readonly Fact[]): string {
  const clientOf = ({ adapter }: Fact) => `${adapter?.name} ${adapter?.version}`;
  const passed = facts.filter(({ state }) => state === 'passed');
  const answers = new Set(facts.flatMap(({ answer }) => answer ?? []));
  const clients = new Set(passed.map(clientOf));
  const met = new Set(passed.map(fact => `${fact.answer} ${clientOf(fact)}`));
  const failed = facts.length - passed.length + answers.size * clients.size - met.size;
  return `answers=${answers.size} clients=${clients.size} failed=${failed}`;
}
