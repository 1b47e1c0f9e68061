import { afterAll, expect, test } from 'vitest';
import { copyOfCore, faults } from './copyOfCore.ts';

const copy = copyOfCore();
afterAll(() => copy.remove());

test.each(faults)('the patch of the fault %s applies to the present code', fault => {
  expect(() => copy.apply(fault, { checkOnly: true })).not.toThrow();
});

test('the error of a patch that does not apply states the remedy', () => {
  expect(() => copy.apply('no-such-fault')).toThrow('no-such-fault.patch does not apply. Update it');
});
