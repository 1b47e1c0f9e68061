import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { rowsInTestNames } from './rowsInTestNames.ts';
import { root, trackedFiles } from './trackedFiles.ts';

const rowsOf = (document: string) =>
  [...document.matchAll(/^\| (B\d{2,3}|[A-Z]{3}-\d{2}) \| /gm)].map(([, id = '']) => id);

const document = await readFile(join(root, 'packages/core/BEHAVIOUR.md'), 'utf8');

/** All but this file, whose ids are examples. */
const holdsTests = (path: string) =>
  /\.test\.tsx?$|^packages\/testing\/src\/\w+Contract\.ts$/.test(path) && path !== 'packages/testing/src/rows.test.ts';
const carried = new Map<string, string>();
for (const path of (await trackedFiles()).filter(holdsTests)) {
  for (const id of rowsInTestNames(path, await readFile(join(root, path), 'utf8'))) carried.set(id, path);
}

test('BEHAVIOUR.md has each row once', () => {
  const rows = rowsOf(document);
  expect(rows.length).toBeGreaterThan(100);
  expect(rows.filter((id, index) => rows.indexOf(id) !== index)).toEqual([]);
});

test('every row that a test carries is in BEHAVIOUR.md', () => {
  const rows = rowsOf(document);
  expect([...carried].filter(([id]) => !rows.includes(id))).toEqual([]);
});

test('every row is carried by a test', () => {
  expect(rowsOf(document).filter(id => !carried.has(id))).toEqual([]);
});

test.each([
  ['a test', "test('B01 it holds', () => {});", ['B01']],
  ['two ids in one name', "it('B01 it holds, and TOK-12 too', () => {});", ['B01', 'TOK-12']],
  ['a group', "describe('B93 streams', () => { test('holds', () => {}); });", ['B93']],
  ['a test in a group', "describe('streams', () => { test('B93 holds', () => {}); });", ['B93']],
  ['a table of cases', "test.each([1])('B01 %i holds', () => {});", ['B01']],
  ['cells of a table', "test.for([['B87', 'a'], ['B91', 'b']] as const)('%s holds: %s', () => {});", ['B87', 'B91']],
  ['a template', `\`B01\`; test(\`B100 \${name} holds\`, () => {});`, ['B100']],
  ['a skipped test', "test.skipIf(true)('B01 it holds', () => {});", ['B01']],
])('an id is found in the name of %s', (_, source, ids) => {
  expect([...rowsInTestNames('a.test.ts', source)]).toEqual(ids);
});

test.each([
  ['a comment', "// B01\ntest('it holds', () => {});"],
  ['the body of a test', "test('it holds', () => { expect('B01').toBe('B01'); });"],
  ['a longer word', "test('SHA-256, B1, B1234 and AB12 hold', () => {});"],
  ['a sentence in a table', "test.each(['as B01 has it'])('holds: %s', () => {});"],
])('no id is found in %s', (_, source) => {
  expect([...rowsInTestNames('a.test.ts', source)]).toEqual([]);
});
