import { describe, expect, test } from 'vitest';
import { checkEndpoint } from './checkEndpoint.ts';

const what = 'Option "tokenUrl"';

describe('an endpoint', () => {
  test.each([
    'https://auth.example/token',
    'https://auth.example/token?grant_type=client_credentials&x=%20',
    'http://localhost:4000/token',
    'http://app.localhost/token',
    'http://127.0.0.1:4000/token',
    'http://127.8.9.10/token',
    'http://[::1]:4000/token',
  ])('%s is returned unchanged', address => {
    expect(checkEndpoint(address, what)).toBe(address);
  });

  test.each([
    ['/token', 'absolute'],
    ['', 'absolute'],
    [undefined, 'absolute'],
    ['auth.example/token', 'absolute'],
    ['ftp://auth.example/token', 'https'],
    ['http://auth.example/token', 'allowInsecure'],
    ['http://localhost.evil.example/token', 'allowInsecure'],
    ['http://127.0.0.1.evil.example/token', 'allowInsecure'],
    ['https://mara:Canary-1@auth.example/token', 'clientSecret'],
    ['https://auth.example/token#Canary-1', 'fragment'],
  ])('%s is refused, naming the option and the remedy', (address, remedy) => {
    const attempt = () => checkEndpoint(address, what);
    expect(attempt).toThrow(expect.objectContaining({ code: 'misconfigured' }));
    expect(attempt).toThrow(what);
    expect(attempt).toThrow(remedy);
    expect(attempt).not.toThrow('Canary');
  });

  test('may be plain http to another host with allowInsecure', () => {
    expect(checkEndpoint('http://auth.lan/token', what, { allowInsecure: true })).toBe('http://auth.lan/token');
  });
});
