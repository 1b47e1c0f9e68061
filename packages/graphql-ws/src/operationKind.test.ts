import { expect, test } from 'vitest';
import { documentOf, operationKind } from './operationKind.ts';

const document = 'fragment F on T { a } query Q { a } subscription S { a } mutation M { a }';

test.each([
  ['{ a }', undefined, 'query'],
  [document, undefined, 'query'],
  [document, 'S', 'subscription'],
  [document, 'M', 'mutation'],
  [document, 'X', 'unknown'],
  ['', undefined, 'unknown'],
  ['not a document', null, 'unknown'],
])('%s, %s is a %s', (query, name, kind) => {
  expect(operationKind(documentOf({ query }), name)).toBe(kind);
});
