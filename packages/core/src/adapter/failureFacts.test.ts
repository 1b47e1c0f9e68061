import { expect, test } from 'vitest';
import { closeCodeOf, isNetworkError } from './failureFacts.ts';

test.each([
  ['a close event', { code: 4401, reason: 'Unauthorized' }, 4401],
  ['the message of GraphQLWsLink', new Error('Socket closed with event 4403 Forbidden'), 4403],
  ['a message without a code', new Error('Socket closed'), undefined],
  ['another message', new Error('It is 4401'), undefined],
  ['a close event of the lowest code', { code: 1000 }, 1000],
  ['a close event of the highest code', { code: 4999 }, 4999],
  ['a code below those of sockets', { code: 999 }, undefined],
  ['a code that is a string', { code: '4401' }, undefined],
  ['a code above those of sockets', { code: 5000 }, undefined],
  ['a message that is not a string', { message: ['Socket closed with event 4403'] }, undefined],
  ['a DOMException', new DOMException('', 'AbortError'), undefined],
  ['an error of Node', Object.assign(new Error(''), { code: 'ECONNRESET' }), undefined],
  ['null', null, undefined],
  ['a string', 'Socket closed with event 4401', undefined],
  ['nothing', undefined, undefined],
])('B121 the close code of %s', (_, error, code) => {
  expect(closeCodeOf(error)).toBe(code);
});

test('a network error of fetch is a TypeError', () => {
  expect([new TypeError('fetch failed'), new Error(''), null, undefined, 'TypeError'].map(isNetworkError)).toEqual([
    true,
    false,
    false,
    false,
    false,
  ]);
});
