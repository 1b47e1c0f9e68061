import { afterAll, expect, test } from 'vitest';
import { copyOfCore, faults } from './copyOfCore.ts';

const copy = copyOfCore();
afterAll(() => copy.remove());

test.each(faults)('the fault can still be planted: %s', fault => {
  expect(() => copy.plant(fault, { onlyTry: true })).not.toThrow();
});

test('a fault that does not fit is an error that says what to do', () => {
  expect(() => copy.plant('no-such-fault')).toThrow('no-such-fault.patch does not apply any more. Make it anew');
});
