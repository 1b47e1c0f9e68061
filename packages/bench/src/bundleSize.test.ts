import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { bundleOf, bundleSize } from './bundleSize.ts';

test('the dependencies of the core are counted, and only the imported part of the core', async () => {
  const code = await bundleOf("export { createTokenManager } from '@latchkey/core';", []);
  expect(code).not.toMatch(/\bimport\b/); // its dependencies are in it
  expect(code.length).toBeLessThan((await bundleOf("export * from '@latchkey/core';", [])).length);
});

test.for([
  ['@latchkey/apollo', ['@apollo/client', '@latchkey/core/adapter', 'rxjs']],
  ['@latchkey/apollo/v3', ['@apollo/client/core/index.js', '@latchkey/core/adapter']],
] as const)('external packages are not counted, and only those of its version are in %s', async ([name, expected]) => {
  const code = await bundleOf(`export { authLink } from '${name}';`, ['@apollo/client', '@latchkey/core', 'rxjs']);
  const imported = [...code.matchAll(/from\s*[`'"]([^`'"]+)/g)].map(([, from = '']) => from);
  expect(new Set(imported)).toEqual(new Set(expected));
});

test('code for development is not counted', async () => {
  const code = await bundleOf("if (process.env.NODE_ENV !== 'production') console.warn('development');", []);
  expect(code).not.toContain('development');
  expect(code).not.toContain('process');
});

test('the size is that of the minified code, gzipped at level 9', async () => {
  const program = 'export const answer = "4".repeat(2);';
  const code = await bundleOf(program, []);
  const zipped = gzipSync(code, { level: 9 });
  expect(await bundleSize(program, [])).toBe(zipped.length);
  expect(gunzipSync(zipped).toString()).toBe(code);
  expect(code.length).toBeLessThan(program.length + 20);
});

test('a production build has no message for developers and no check of options', async () => {
  const program = "export * from '@latchkey/core'; export { authLink } from '@latchkey/apollo';";
  const code = await bundleOf(program, ['@apollo/client', 'rxjs']);
  expect(code).toContain('The configuration is wrong.');
  expect(code).not.toMatch(/Option [\\"]|Pass |replaces the authorization/);
  expect(code).not.toContain('NODE_ENV');
});
