import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundleOf, bundleSize } from './bundleSize.ts';

test('what ships with the core is counted, and nothing else of it', async () => {
  const code = await bundleOf("export { createTokenManager } from '@latchkey/core';", []);
  expect(code).not.toMatch(/\bimport\b/); // its dependencies are in it
  expect(code.length).toBeLessThan((await bundleOf("export * from '@latchkey/core';", [])).length);
});

test('what an application has anyway is not counted', async () => {
  const code = await bundleOf("export { authLink } from '@latchkey/apollo';", [
    '@apollo/client',
    '@latchkey/core',
    'rxjs',
  ]);
  const imported = [...code.matchAll(/from\s*[`'"]([^`'"]+)/g)].map(([, name = '']) => name);
  expect(new Set(imported)).toEqual(new Set(['@apollo/client', '@apollo/client/errors', '@latchkey/core', 'rxjs']));
});

test('the size is of the minified code, gzipped as well as it goes', async () => {
  const statement = 'export const answer = "4".repeat(2);';
  const code = await bundleOf(statement, []);
  const zipped = gzipSync(code, { level: 9 });
  expect(await bundleSize(statement, [])).toBe(zipped.length);
  expect(gunzipSync(zipped).toString()).toBe(code);
  expect(code.length).toBeLessThan(statement.length + 20);
});
