import { expect, test } from 'vitest';
import { isFatal, readEnd, readRefusal } from './readResponse.ts';

test.each([
  ['a close event', { code: 4401, reason: 'Unauthorized' }, undefined, undefined, { closeCode: 4401 }],
  [
    '4400 states its reason',
    { code: 4400, reason: 'Unauthorized' },
    undefined,
    undefined,
    { closeCode: 4400, errors: [{ message: 'Unauthorized' }] },
  ],
  ['4400 without one', { code: 4400, reason: '' }, undefined, undefined, { closeCode: 4400 }],
  [
    'an upgrade as `ws` shows it',
    { code: 1006 },
    { message: 'Unexpected server response: 401' },
    undefined,
    { closeCode: 1006, status: 401 },
  ],
  [
    'a refused connection',
    { code: 1006 },
    { message: 'connect ECONNREFUSED 127.0.0.1:4000' },
    undefined,
    { closeCode: 1006 },
  ],
  [
    'an error of the old protocol',
    new Error('Invalid message'),
    undefined,
    { message: 'x' },
    { errors: [{ message: 'x' }] },
  ],
  ['the same as a string', new Error('Invalid message'), undefined, 'x', { errors: [{ message: 'x' }] }],
  ['nothing', undefined, undefined, undefined, {}],
])('%s is read', (_, event, failure, early, expected) => {
  expect(readEnd(event, failure, early)).toEqual({
    closeCode: undefined,
    status: undefined,
    errors: undefined,
    ...expected,
  });
});

test.each([
  ['{"type":"connection_error","payload":{"message":"x"}}', { message: 'x' }],
  ['{"type":"connection_error"}', {}],
  ['{"type":"connection_ack","payload":{}}', undefined],
  ['<html>', undefined],
  ['null', undefined],
])('%s before the acknowledgement', (data, expected) => {
  expect(readRefusal(data)).toEqual(expected);
});

test.each([1002, 1003, 1007, 1008, 1009, 1010, 1011, 1015, 4004, 4005, 4400, 4401, 4403, 4406, 4409, 4429, 4500])(
  'B122 %i is fatal',
  code => {
    expect(isFatal({ code, reason: '' })).toBe(true);
  },
);

test.each([1000, 1001, 1005, 1006, 1012, 1013, 1014, 4408, 4499, 4504, 3000])('%i is not', code => {
  expect(isFatal({ code, reason: '' })).toBe(false);
});

test('an error event is not fatal, and an error is', () => {
  expect(isFatal({ type: 'error', message: 'connect ECONNREFUSED' })).toBe(false);
  expect(isFatal(new Error('First message cannot be of type next'))).toBe(true);
});
