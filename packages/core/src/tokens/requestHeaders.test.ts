import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { signedIn } from '../../test/scriptedProvider.ts';
import type { TokenHeaders } from './requestHeaders.ts';
import { checkHeaders, createRequestHeaders, sendableHeaders } from './requestHeaders.ts';
import { tokenSetOf } from './tokenSet.ts';

const untyped = (headers: object) => headers as TokenHeaders;

test('names are in lower case, and headers without a value are left out', () => {
  const headers = untyped({
    Authorization: 'Bearer A',
    'X-Tenant': undefined,
    'x-empty': '',
    'x-blank': ' ',
    'X-Api-Key': 'a b\tc',
  });
  expect(sendableHeaders(headers)).toEqual({ authorization: 'Bearer A', 'x-api-key': 'a b\tc' });
});

test('a Headers object is accepted', () => {
  expect(sendableHeaders(untyped(new Headers({ 'X-Api-Key': 'a' })))).toEqual({ 'x-api-key': 'a' });
});

test.each([undefined, null, 'Bearer A', Promise.resolve({})])(
  '%s is refused: the option returns headers synchronously',
  headers => {
    expect(() => sendableHeaders(headers as unknown as TokenHeaders)).toThrow(
      expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining('Return an object') }),
    );
  },
);

test.each(['x key', 'x\r\n', '', 'ü'])('SEC-03 the name %j is refused', name => {
  expect(() => sendableHeaders({ [name]: 'a' })).toThrow(expect.objectContaining({ code: 'misconfigured' }));
});

test.each(['canary\r\nx: y', 'canary\u0000', 'canary-ü', 7, {}])(
  'SEC-03 the value %j is refused, and the error names the header alone',
  value => {
    const run = () => sendableHeaders(untyped({ 'x-key': value }));
    expect(run).toThrow(
      expect.objectContaining({ code: 'misconfigured', message: expect.stringContaining('"x-key"') }),
    );
    expect(run).not.toThrow(/canary/);
  },
);

test('B101 an option that throws is misconfigured, and its error does not hold the token', () => {
  const { A } = signedIn();
  const headersOf = createRequestHeaders(({ accessToken, refreshToken }) => {
    throw new Error(`no header for ${accessToken} and ${refreshToken}`);
  });
  const tokens = tokenSetOf({ ...A, accessToken: 'token-canary', refreshToken: 'refresh-canary' });
  let error: unknown;
  try {
    headersOf(tokens);
  } catch (caught) {
    error = caught;
  }
  const cause = { message: 'no header for [redacted] and [redacted]' };
  expect(error).toMatchObject({ code: 'misconfigured', message: 'Option "headers" threw.', cause });
  expect(inspect(error)).not.toContain('canary');
});

test('headers that can be sent pass the check', () => {
  expect(() => checkHeaders({ 'x-api-key': 'k3y', Accept: 'a, b' }, 'Option "headers"')).not.toThrow();
});

test.each([undefined, null, '', ' ', 7, 'canary-clé', 'canary\n', 'canary\r\nx: y', 'canary\u007f'])(
  'SEC-03 the value %j fails the check, whose error names option and header alone',
  value => {
    const run = () => checkHeaders({ 'x-api-key': value }, 'Option "apiKey"');
    expect(run).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(run).toThrow('Option "apiKey"');
    expect(run).toThrow('"x-api-key"');
    expect(run).not.toThrow(/canary/);
  },
);

test('without the option the access token is sent as a bearer token', () => {
  expect(createRequestHeaders(undefined)(signedIn().A)).toEqual({ authorization: 'Bearer A' });
});

test('the headers of a token set are made once, and frozen', () => {
  const { A } = signedIn();
  let calls = 0;
  const headersOf = createRequestHeaders(({ accessToken }) => {
    calls++;
    return { 'X-Token': accessToken };
  });
  const headers = headersOf(A);
  expect(headers).toEqual({ 'x-token': 'A' });
  expect([headersOf(A) === headers, Object.isFrozen(headers), calls]).toEqual([true, true, 1]);
  expect(headersOf(tokenSetOf({ ...A, accessToken: 'B', refreshToken: 'rB' }))).toEqual({ 'x-token': 'B' });
});

test.each([
  ['an object', () => ({ 'x-key': 'a' })],
  ['Headers', () => new Headers({ 'X-Key': 'a' })],
  ['pairs', () => [['X-Key', 'a']]],
])('the option headers may return %s', (_, headers) => {
  const { A } = signedIn();
  expect(createRequestHeaders(headers as never)(A)).toEqual({ 'x-key': 'a' });
});

test('B101 pairs that throw as they are read are misconfigured', () => {
  const pairs = {
    *[Symbol.iterator]() {
      yield ['x-key', 'a'];
      throw new Error('A bug.');
    },
  };
  const { A } = signedIn();
  expect(() => createRequestHeaders(() => pairs as never)(A)).toThrow(
    expect.objectContaining({ code: 'misconfigured', message: 'Option "headers" threw.' }),
  );
});
