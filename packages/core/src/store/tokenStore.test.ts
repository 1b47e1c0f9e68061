import { expect, test } from 'vitest';
import { recordA } from '../../test/scriptedProvider.ts';
import { TokenSet } from '../tokens/tokenSet.ts';
import { readRecord, recordOf } from './tokenStore.ts';

test('B71 a record is plain data, versioned, and reads back as the token set it was made of', () => {
  const tokens = readRecord(recordA({ refreshExpiresAt: 5 }));
  expect(tokens).toBeInstanceOf(TokenSet);
  const record = recordOf(tokens as TokenSet);
  expect(record).toEqual(recordA({ refreshExpiresAt: 5 }));
  expect(JSON.parse(JSON.stringify(record))).toEqual(record);
});

test('B71 what is not known is not in the record', () => {
  const tokens = new TokenSet({ session: 's', version: 1, accessToken: 'A', receivedAt: 5 });
  expect(Object.keys(recordOf(tokens))).toEqual(['v', 'session', 'version', 'accessToken', 'receivedAt']);
});

test('B45 no record is null, a damaged one is undefined', () => {
  expect(readRecord(null)).toBeNull();
  expect(readRecord(undefined)).toBeNull();
  for (const damaged of ['', 'A', 0, false, [], {}, () => {}, { ...recordA(), v: '1' }, [recordA()]])
    expect(readRecord(damaged)).toBeUndefined();
});

test('SEC-04 a record full of __proto__ is read into a fresh object, and unknown fields stay behind', () => {
  const text = JSON.stringify(recordA()).replace('{', '{"__proto__":{"accessToken":"evil","admin":true},"admin":true,');
  const tokens = readRecord(JSON.parse(text));
  expect(tokens?.accessToken).toBe('A');
  expect(Object.getPrototypeOf(tokens)).toBe(TokenSet.prototype);
  expect('admin' in (tokens ?? {})).toBe(false);
});

test('SEC-04 a record without a prototype, as some parsers make them, is read', () => {
  expect(readRecord(Object.assign(Object.create(null), recordA()))?.accessToken).toBe('A');
});
