import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';

test('the entry is a client module, which server components may render', async () => {
  const built = await readFile(new URL('../dist/index.js', import.meta.url), 'utf8');
  expect(built).toMatch(/^['"]use client['"];/);
});
