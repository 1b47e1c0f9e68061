import { expect, test } from 'vitest';
import { rootFields } from './rootFields.ts';

const field = (value: string, alias?: string) => ({
  kind: 'Field',
  name: { value },
  alias: alias ? { value: alias } : undefined,
});
const operation = (name: string | undefined, ...selections: { kind: string }[]) => ({
  kind: 'OperationDefinition',
  name: name ? { value: name } : undefined,
  selectionSet: { selections },
});
const fragment = { kind: 'FragmentDefinition', name: { value: 'F' }, selectionSet: { selections: [field('id')] } };

test('B89 returns the response names of the root fields of an operation', () => {
  expect(rootFields({ definitions: [fragment, operation('Pay', field('pay'), field('pay', 'again'))] })).toEqual([
    'pay',
    'again',
  ]);
});

test('B89 reads the named operation of several', () => {
  const definitions = [operation('A', field('a')), operation('B', field('b'))];
  expect(rootFields({ definitions }, 'B')).toEqual(['b']);
  expect(rootFields({ definitions })).toEqual(['a']);
  expect(rootFields({ definitions }, 'C')).toBeUndefined();
  expect(rootFields({ definitions: [operation(undefined, field('a')), ...definitions] }, 'B')).toEqual(['b']);
});

test('B89 returns undefined for root fields inside a fragment', () => {
  expect(rootFields({ definitions: [operation('A', field('a'), { kind: 'FragmentSpread' })] })).toBeUndefined();
  expect(rootFields({ definitions: [operation('A', { kind: 'InlineFragment' })] })).toBeUndefined();
  expect(rootFields({ definitions: [fragment] })).toBeUndefined();
  expect(rootFields({ definitions: [{ kind: 'OperationDefinition' }] })).toBeUndefined();
});
