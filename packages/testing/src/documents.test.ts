import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../../..');
const snippetsFolder = join(here, '../snippets');
const packages = await readdir(join(root, 'packages'));
const readmes = ['README.md', ...packages.map(name => `packages/${name}/README.md`), 'packages/core/DIALECTS.md'];

const textOf = (path: string) => readFile(join(root, path), 'utf8').catch(() => '');
const snippetsOf = (text: string) =>
  [...text.matchAll(/```(tsx?)\n(.*?)```/gs)].map(([, kind, code]) => ({ kind, code }));

beforeAll(async () => {
  await rm(snippetsFolder, { recursive: true, force: true });
  await mkdir(snippetsFolder);
});

test('every snippet of the documents compiles', async () => {
  const files = await Promise.all(
    readmes.map(async path => {
      const snippets = snippetsOf(await textOf(path));
      await Promise.all(
        snippets.map(({ kind, code }, index) =>
          writeFile(join(snippetsFolder, `${path.replaceAll('/', '-')}-${index}.${kind}`), `${code}\nexport {};\n`),
        ),
      );
      return snippets.length;
    }),
  );
  const count = files.reduce((sum, length) => sum + length);
  expect(count).toBeGreaterThan(5);
  const config = {
    extends: '../../../tsconfig.base.json',
    compilerOptions: { isolatedDeclarations: false, declaration: false, declarationMap: false, types: ['node'] },
    include: ['.'],
  };
  await writeFile(join(snippetsFolder, 'tsconfig.json'), JSON.stringify(config));
  const compiled = promisify(execFile)(join(here, '../node_modules/.bin/tsc'), ['-p', snippetsFolder]);
  await expect(compiled.catch((error: { stdout: string }) => error.stdout)).resolves.toMatchObject({ stdout: '' });
});

test.for([
  ['README.md', 120],
  ['AGENTS.md', 60],
  ...readmes.filter(path => path !== 'README.md' && existsSync(join(root, path))).map(path => [path, 80] as const),
] as const)('%s has at most %i lines', async ([path, most]) => {
  const lines = (await textOf(path)).split('\n').length - 1;
  expect(lines).toBeGreaterThan(10);
  expect(lines).toBeLessThanOrEqual(most);
});

test('every link between the documents leads somewhere', async () => {
  const paths = [...readmes, 'AGENTS.md', 'CONTRIBUTING.md', 'SECURITY.md'];
  const broken: string[] = [];
  for (const path of paths) {
    for (const [, link = ''] of (await textOf(path)).matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
      const target = join(dirname(path), link.replace(/#.*/, ''));
      if (!existsSync(join(root, target))) broken.push(`${path}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});
