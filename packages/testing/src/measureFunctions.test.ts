import { expect, test } from 'vitest';
import { measureFunctions } from './measureFunctions.ts';

const body = '\n  one();\n  two();\n';

test('the lines of a function are those from its first to its last, and of a method too', () => {
  const source = `const a = 1;\nfunction f() {${body}}\nclass C {\n  m() {${body}}\n}\n`;
  expect(measureFunctions('a.ts', source)).toEqual([
    { line: 2, lines: 4, level: 0 },
    { line: 7, lines: 4, level: 0 },
  ]);
});

test.each([
  ['a function in a function', `function f() { const g = () => {${body}}; }`, [0, 1]],
  ['a method of an object', `function f() { return { m() {${body}} }; }`, [0, 1]],
  ['three functions in each other', `function f() { const g = () => { function h() {${body}} }; }`, [0, 1, 2]],
  ['a function in a curried one', `const f = a => b => { const g = () => {${body}}; };`, [0, 0, 1]],
  ['a callback with statements', `function f() { a.map(b => {${body}}); }`, [0, 1]],
])('%s is a level', (_, source, levels) => {
  expect(measureFunctions('a.ts', source).map(({ level }) => level)).toEqual(levels);
});

test.each([
  [
    'a callback that is one expression',
    `const f = () => {\n  a.map(b =>\n    b.map(c => ({\n      c,\n    })),\n  );\n};`,
  ],
  ['a function of three lines', 'function f() {\n  one();\n  const g = () => {\n    two();\n  };\n}'],
])('%s is no level', (_, source) => {
  expect(measureFunctions('a.ts', source).every(({ level }) => level === 0)).toBe(true);
});

test('a function in a callback that is no level counts from what the callback stands in', () => {
  const source = `function f() {\n  use(a => ({\n    m() {${body}},\n  }));\n}`;
  expect(measureFunctions('a.ts', source).map(({ level }) => level)).toEqual([0, 0, 1]);
});

test('TSX is read too', () => {
  expect(measureFunctions('a.tsx', 'const A = () => <p>one</p>;')).toEqual([{ line: 1, lines: 1, level: 0 }]);
});
