import { expect, test } from 'vitest';
import { contractLine } from './contractLine.ts';

const apollo = { name: 'Apollo Client', version: '4.3.8' };
const older = { name: 'Apollo Client', version: '4.0.13' };
const urql = { name: 'urql', version: '6.0.3' };

test('the line counts facts, adapters, and the versions of each client', () => {
  const passed = [apollo, apollo, older, urql].map(adapter => ({ state: 'passed', adapter }) as const);
  expect(contractLine(passed)).toBe('facts=4 adapters=2 versions=3 failed=0 skipped=0');
});

test('a fact that did not run is counted as skipped, and not as a version', () => {
  const facts = [{ state: 'failed', adapter: apollo }, { state: 'skipped' }] as const;
  expect(contractLine(facts)).toBe('facts=2 adapters=1 versions=1 failed=1 skipped=1');
});
