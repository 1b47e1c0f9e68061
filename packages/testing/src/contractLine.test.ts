import { expect, test } from 'vitest';
import { answersLine, contractLine } from './contractLine.ts';

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

test('the line of recorded answers counts them and the clients, over runs that share a client', () => {
  const facts = ['a', 'b'].flatMap(answer =>
    [apollo, apollo, urql].map(adapter => ({ state: 'passed', adapter, answer }) as const),
  );
  expect(answersLine(facts)).toBe('answers=2 clients=2 failed=0');
  expect(answersLine(facts.slice(0, -1))).toBe('answers=2 clients=2 failed=1');
  expect(answersLine([...facts, { state: 'failed', adapter: urql, answer: 'b' }])).toBe('answers=2 clients=2 failed=1');
});
