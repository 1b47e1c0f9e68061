import { expect, test } from 'vitest';
import { readRefusal } from './readResponse.ts';

test.each([
  ['{"type":"connection_error","payload":{"message":"x"}}', { message: 'x' }],
  ['{"type":"connection_error","payload":"x"}', 'x'],
  ['{"type":"connection_error"}', {}],
  ['{"type":"connection_ack","payload":{}}', undefined],
  ['<html>', undefined],
  ['null', undefined],
])('B121 %s before the acknowledgement', (data, expected) => {
  expect(readRefusal(data)).toEqual(expected);
});
