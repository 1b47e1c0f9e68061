import { expect, test } from 'vitest';
import { bundleOf } from './bundleSize.ts';
import { programOf } from './programOf.ts';

const fetchAdapter = { package: '@latchkey/fetch', name: 'authFetch' };

test('a program contains the core and its adapter, and no store', async () => {
  const code = await bundleOf(programOf(fetchAdapter), ['graphql']);
  expect([...code.matchAll(/from\s*[`'"]([^`'"]+)/g)].map(([, name]) => name)).toEqual(['graphql']);
  expect(code).toContain('/refresh');
  expect(code).not.toContain('localStorage');
});

test('a program with a store contains the program without one, and the store', async () => {
  const code = await bundleOf(programOf(fetchAdapter, true), ['graphql']);
  expect(code).toContain('/refresh');
  expect(code).toContain('localStorage');
  expect(code).toContain('getItem');
});
