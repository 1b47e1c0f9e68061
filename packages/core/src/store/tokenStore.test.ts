import { expect, test } from 'vitest';
import { recordA } from '../../test/scriptedProvider.ts';
import { type TokenSet, tokenSetOf } from '../tokens/tokenSet.ts';
import { readRecord, recordOf } from './tokenStore.ts';

test('B71 a record is plain, versioned data from which the same token set is read', () => {
  const tokens = readRecord(recordA({ refreshExpiresAt: 5 }));
  expect(tokens).toMatchObject({ sessionId: 'session-1', version: 1 });
  const record = recordOf(tokens as TokenSet);
  expect(record).toEqual(recordA({ refreshExpiresAt: 5 }));
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
});

test('B71 unknown fields of a token set are absent from its record', () => {
  const unknown = { refreshToken: undefined, expiresAt: undefined, refreshExpiresAt: undefined };
  const tokens = tokenSetOf({
    sessionId: 's',
    version: 1,
    accessToken: 'A',
    receivedAt: 5,
    subject: undefined,
    ...unknown,
  });
  expect(Object.keys(recordOf(tokens))).toEqual(['v', 'sessionId', 'version', 'accessToken', 'receivedAt']);
});

test('B45 readRecord() returns null for no record and undefined for a damaged one', () => {
  expect(readRecord(null)).toBeNull();
  expect(readRecord(undefined)).toBeNull();
  for (const damaged of ['', 'A', 0, false, [], {}, () => {}, { ...recordA(), v: '1' }, [recordA()]])
    expect(readRecord(damaged)).toBeUndefined();
});

test('SEC-04 a record with __proto__ is read without its unknown fields and prototype', () => {
  const json = JSON.stringify(recordA()).replace('{', '{"__proto__":{"accessToken":"evil","admin":true},"admin":true,');
  const tokens = readRecord(JSON.parse(json));
  expect(tokens?.accessToken).toBe('A');
  expect(Object.getPrototypeOf(tokens)).toBe(Object.prototype);
  expect('admin' in (tokens ?? {})).toBe(false);
});

test('SEC-04 reads a record without a prototype, as some parsers return it', () => {
  expect(readRecord(Object.assign(Object.create(null), recordA()))?.accessToken).toBe('A');
});
