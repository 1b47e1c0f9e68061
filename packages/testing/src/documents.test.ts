import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, test } from 'vitest';
import { root, trackedFiles } from './trackedFiles.ts';

const here = join(root, 'packages/testing');
const snippetsFolder = join(here, 'snippets');
const packages = await readdir(join(root, 'packages'));
const examples = await readdir(join(root, 'examples'));
const pages = ['packages/apollo/APOLLO3.md', 'packages/core/DIALECTS.md', 'packages/core/SESSIONS.md'];
/** Whole programs: no limit of lines. */
const ofPrograms = ['packages/providers/CONNECTING.md', 'packages/core/SERVER.md'];
const readmes = ['README.md', ...packages.map(name => `packages/${name}/README.md`), ...pages];

const contentOf = (path: string) => readFile(join(root, path), 'utf8').catch(() => '');
const snippetsOf = (document: string) =>
  [...document.matchAll(/```(tsx?)\n(.*?)```/gs)].map(([, kind, code]) => ({ kind, code }));

beforeAll(async () => {
  await rm(snippetsFolder, { recursive: true, force: true });
  await mkdir(snippetsFolder);
});

test('every snippet of the documents compiles', async () => {
  const files = await Promise.all(
    [...readmes, ...ofPrograms].map(async path => {
      const snippets = snippetsOf(await contentOf(path));
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
    compilerOptions: {
      isolatedDeclarations: false,
      declaration: false,
      declarationMap: false,
      types: ['node'],
      jsx: 'react-jsx',
      paths: { '@apollo/client/core': ['../node_modules/apollo-client-3-14/core/index.d.ts'] },
    },
    include: ['.'],
  };
  await writeFile(join(snippetsFolder, 'tsconfig.json'), JSON.stringify(config));
  const compiled = promisify(execFile)(join(here, 'node_modules/.bin/tsc'), ['-p', snippetsFolder]);
  await expect(compiled.catch((error: { stdout: string }) => error.stdout)).resolves.toMatchObject({ stdout: '' });
});

test.for([
  ['README.md', 120],
  ['AGENTS.md', 60],
  ...readmes.filter(path => path !== 'README.md' && existsSync(join(root, path))).map(path => [path, 80] as const),
] as const)('%s has at most %i lines', async ([path, most]) => {
  const lines = (await contentOf(path)).split('\n').length - 1;
  expect(lines).toBeGreaterThan(10);
  expect(lines).toBeLessThanOrEqual(most);
});

test('every link between the documents leads somewhere', async () => {
  const paths = (await trackedFiles()).filter(path => path.endsWith('.md') && !path.startsWith('.changeset/'));
  expect(paths).toEqual(expect.arrayContaining(['README.md', 'AGENTS.md', 'packages/core/BEHAVIOUR.md']));
  const broken: string[] = [];
  for (const path of paths) {
    for (const [, link = ''] of (await contentOf(path)).matchAll(/\]\((?!https?:|#)([^)]+)\)/g)) {
      const target = join(dirname(path), link.replace(/#.*/, ''));
      if (!existsSync(join(root, target))) broken.push(`${path}: ${link}`);
    }
  }
  expect(broken).toEqual([]);
});

test('README.md and AGENTS.md name every package and every example', async () => {
  const folders = [
    ...packages.map(name => `packages/${name}`),
    ...['proof', 'test'].map(name => `packages/core/${name}`),
    ...examples.map(name => `examples/${name}`),
  ];
  for (const document of ['README.md', 'AGENTS.md']) {
    const content = await contentOf(document);
    expect(folders.filter(folder => !new RegExp(`\\b${folder}\\b(?!-)`).test(content))).toEqual([]);
  }
});

test('AGENTS.md names the folders of the core', async () => {
  const names = await readdir(join(root, 'packages/core/src'), { withFileTypes: true });
  const content = await contentOf('AGENTS.md');
  expect(names.filter(entry => entry.isDirectory() && !content.includes(`\`${entry.name}\``))).toEqual([]);
});

test('every command of npm in the documents is a script', async () => {
  const { scripts }: { scripts: Record<string, string> } = JSON.parse(await contentOf('package.json'));
  const contents = await Promise.all(['README.md', 'AGENTS.md', 'CONTRIBUTING.md'].map(contentOf));
  const commands = contents.flatMap(content =>
    [...content.matchAll(/\bnpm (?:run )?([a-z:]+)/g)].map(([, name = '']) => name),
  );
  expect(commands).toContain('start');
  expect(commands.filter(name => name !== 'install' && !(name in scripts))).toEqual([]);
});
