import { expect, test } from 'vitest';
import { redact, redactedCause, secretsIn } from './redact.ts';

test.each([
  ['a string', 'offline', 'offline'],
  ['a number', 503, '503'],
  ['an object', { toString: () => 'canary' }, ''],
  ['a list', ['canary'], ''],
  ['null', null, ''],
  ['nothing', undefined, ''],
])('SEC-01 of %s redact() shows the text of a string and of a number only', (_, value, shown) => {
  expect(redact(value)).toBe(shown);
});

test.each([
  ['as it is', 'pin a&b "c"', 'a&b "c"'],
  ['in a URL', 'pin a%26b%20%22c%22', 'a&b "c"'],
  ['in a form', 'pin a%26b+%22c%22 typed', 'a&b "c"'],
  ['in JSON', String.raw`pin a&b \"c\" typed`, 'a&b "c"'],
  ['with a lone surrogate in a URL', 'pin a%20%EF%BF%BDb', 'a \ud800b'],
  ['with a character of two surrogates in a URL', 'pin %F0%9F%94%91', '🔑'],
])('SEC-01 a secret is redacted %s', (_, text, secret) => {
  expect(redact(text, [secret]).replace(' typed', '')).toBe('pin [redacted]');
});

test('SEC-01 what looks like a secret is redacted, and no more', () => {
  expect(redact('answered token=canary to Bearer canary, twice')).toBe('answered [redacted] to [redacted], twice');
});

test('CHL-08 a message is cut at 300 characters', () => {
  expect(redact('x'.repeat(300))).toBe('x'.repeat(300));
  expect(redact('x'.repeat(301))).toBe('x'.repeat(300));
});

test('a redacted cause has the code and the status where the thrown value has them, and no stack', () => {
  const cause = redactedCause(Object.assign(new Error('Failed'), { code: 'E_canary', status: '503' }), ['canary']);
  expect(cause).toMatchObject({ name: 'Error', message: 'Failed', code: 'E_[redacted]' });
  expect(Object.keys(cause)).toEqual(['name', 'code']);
  expect(cause.stack).toBeUndefined();
  expect(Object.keys(redactedCause(new Error('Failed'), []))).toEqual(['name']);
  expect('cause' in redactedCause(new Error('Failed'), [])).toBe(false);
});

test.each([
  ['a string', 'offline', 'Error', 'offline'],
  ['a number', 7, 'Error', '7'],
  ['null', null, 'Error', ''],
  ['an object', { name: '', message: 'offline' }, 'Error', 'offline'],
  ['an object with a name', { name: 'HttpError', message: 'offline' }, 'HttpError', 'offline'],
])('a redacted cause of %s that was thrown has its message', (_, thrown, name, message) => {
  expect(redactedCause(thrown, [])).toMatchObject({ name, message });
});

test('a redacted cause keeps five causes in a row', () => {
  const circular = new Error('circular');
  circular.cause = circular;
  const chain: unknown[] = [];
  for (let cause: unknown = redactedCause(circular, []); cause; cause = (cause as Error).cause) chain.push(cause);
  expect(chain).toHaveLength(6);
});

test('secretsIn() finds what has four characters or more, five objects deep, also in what can be iterated', () => {
  const inside = (depth: number, value: unknown): unknown =>
    depth === 0 ? value : { inside: inside(depth - 1, value) };
  expect(secretsIn('abcd')).toEqual(['abcd']);
  expect(secretsIn(['abc', 123, 1234])).toEqual(['1234']);
  expect(secretsIn(new Map([['name', new Set(['canary'])]]))).toEqual(['name', 'canary']);
  expect(secretsIn(inside(6, 'canary'))).toEqual(['canary']);
  expect(secretsIn(inside(7, 'canary'))).toEqual([]);
});
