import { expect, test } from 'vitest';
import { sourceOf } from './sourceOf.ts';

const files = ['core/src/index.ts', 'core/src/adapter.ts', 'core/src/dialects/index.ts', 'urql/src/index.ts'];

test.for([
  ['@latchkey/core', 'core/src/index.ts'],
  ['@latchkey/urql', 'urql/src/index.ts'],
  ['@latchkey/core/adapter', 'core/src/adapter.ts'],
  ['@latchkey/core/dialects', 'core/src/dialects/index.ts'],
  ['@latchkey/core/unknown', undefined],
  ['@urql/core', undefined],
  ['./core/src/index.ts', undefined],
] as const)('the source of %s is %s', ([specifier, source]) => {
  expect(sourceOf(specifier, path => files.includes(path))).toBe(source);
});
