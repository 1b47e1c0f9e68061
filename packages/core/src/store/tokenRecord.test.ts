import { expect, test } from 'vitest';
import { recordA } from '../../test/scriptedProvider.ts';
import { tokenSetOf } from '../tokens/tokenSet.ts';
import { readRecord, recordOf, type TokenRecord, tokensOf } from './tokenRecord.ts';

const { stamp, ...plainA } = recordA({ refreshExpiresAt: 5, subject: 'ann' });

test('B71 a record is plain, versioned data from which the same token set is read', () => {
  const record = readRecord(plainA) as TokenRecord;
  expect(record).toEqual(plainA);
  const tokens = tokensOf(record, { sessionId: 's', version: 7 });
  expect(tokens).toMatchObject({ sessionId: 's', version: 7, subject: 'ann' });
  expect(recordOf(tokens)).toEqual(plainA);
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
});

test('B71 unknown fields of a token set are absent from its record', () => {
  const unknown = { refreshToken: undefined, expiresAt: undefined, refreshExpiresAt: undefined, subject: undefined };
  const tokens = tokenSetOf({ sessionId: 's', version: 1, accessToken: 'A', receivedAt: 5, ...unknown });
  expect(Object.keys(recordOf(tokens))).toEqual(['v', 'accessToken', 'receivedAt']);
  expect(recordOf(tokens, true)).toMatchObject({ unattended: true });
});

test('B45 readRecord() returns undefined for a damaged record', () => {
  for (const damaged of [null, undefined, '', 'A', 0, false, [], {}, () => {}, { ...plainA, v: '1' }, [plainA]])
    expect(readRecord(damaged)).toBeUndefined();
});

test('B45 damaged optional fields are left out', () => {
  const optional = { refreshToken: 'a b', expiresAt: Number.NaN, refreshExpiresAt: '5', subject: 7, unattended: 'yes' };
  expect(readRecord({ v: 1, accessToken: 'A', receivedAt: 5, ...optional })).toEqual({
    v: 1,
    accessToken: 'A',
    receivedAt: 5,
  });
});

test('SEC-04 a record with __proto__ is read without its unknown fields and prototype', () => {
  const json = JSON.stringify(plainA).replace('{', '{"__proto__":{"accessToken":"evil","admin":true},"admin":true,');
  const record = readRecord(JSON.parse(json));
  expect(record?.accessToken).toBe('A');
  expect(Object.getPrototypeOf(record)).toBe(Object.prototype);
  expect('admin' in (record ?? {})).toBe(false);
});

test('SEC-04 reads a record without a prototype, as some parsers return it', () => {
  expect(readRecord(Object.assign(Object.create(null), plainA))?.accessToken).toBe('A');
});
