import { expect, test } from 'vitest';
import { operationKind, readDocument } from './readDocument.ts';

const operation = (kind: 'query' | 'mutation' | 'subscription', name?: string) => ({
  kind: 'OperationDefinition',
  operation: kind,
  name: name ? { value: name } : undefined,
  selectionSet: { selections: [{ kind: 'Field', name: { value: 'field' } }] },
});
const fragment = { kind: 'FragmentDefinition', name: { value: 'Q' } };
const document = { definitions: [fragment, operation('query', 'Q'), operation('subscription', 'S')] };

test.each([
  [document, undefined, 'query'],
  [document, null, 'query'],
  [document, '', 'query'],
  [document, 'S', 'subscription'],
  [document, 'X', 'unknown'],
  [{ definitions: [operation('mutation')] }, undefined, 'mutation'],
  [{ definitions: [fragment] }, undefined, 'unknown'],
] as const)('the kind is that of the operation of the name, or of the first: %#', (given, name, kind) => {
  expect(operationKind(given, name)).toBe(kind);
});

test('a document that cannot be parsed states nothing', () => {
  const read = readDocument(() => document, 'query', 'S');
  expect([read.kind, read.rootFields?.()]).toEqual(['subscription', ['field']]);
  const throwing = () => {
    throw new SyntaxError('Unexpected <EOF>.');
  };
  expect(readDocument(throwing, '')).toEqual({ kind: 'unknown' });
});
