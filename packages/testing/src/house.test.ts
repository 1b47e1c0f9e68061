import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { expect, test } from 'vitest';
import { measureFunctions } from './measureFunctions.ts';
import { root } from './trackedFiles.ts';

const packageNames = await readdir(join(root, 'packages'));

/** From the ground up: what stands higher may import what stands lower. */
const floors = [
  ['core'],
  ['providers', 'apollo', 'urql', 'fetch', 'browser', 'graphql-ws', 'redis', 'react', 'emulators'],
  ['testing', 'bench'],
];
const floorOf = (name: string) => floors.findIndex(names => names.includes(name));

interface File {
  /** From the root of the repository. */
  readonly path: string;
  readonly package: string;
  /** What it imports, as written, types included. */
  readonly imports: readonly string[];
  readonly source: string;
}

const entries = await readdir(join(root, 'packages'), { recursive: true, withFileTypes: true });
const isSource = (path: string) => /\/src\/.*\.tsx?$/.test(path) && !/node_modules|\.test\./.test(path);
const paths = entries
  .map(entry => relative(root, join(entry.parentPath, entry.name)))
  .filter(path => isSource(path))
  .sort();
const files: readonly File[] = await Promise.all(
  paths.map(async path => {
    const source = await readFile(join(root, path), 'utf8');
    return {
      path,
      package: path.split('/')[1] ?? '',
      source,
      imports: [...source.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name),
    };
  }),
);

test('there is a house', () => {
  expect(files.length).toBeGreaterThan(40);
  expect(packageNames.filter(name => floorOf(name) < 0)).toEqual([]);
});

test('no circle of files, also not of types', () => {
  const neighbours = new Map(
    files.map(({ path, imports }) => [
      path,
      imports.filter(name => name.startsWith('.')).map(name => join(dirname(path), name)),
    ]),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [[...trail.slice(trail.indexOf(path)), path].join(' -> ')];
    if (done.has(path)) return [];
    const found = (neighbours.get(path) ?? []).flatMap(next => visit(next, [...trail, path]));
    done.add(path);
    return found;
  };
  expect(files.flatMap(({ path }) => visit(path, []))).toEqual([]);
});

const core: { exports: Record<string, unknown> } = JSON.parse(
  await readFile(join(root, 'packages/core/package.json'), 'utf8'),
);
const entryPoints = Object.keys(core.exports).map(path => path.replace('.', '@latchkey/core'));

const leavesPackage = (file: File, name: string) =>
  name.startsWith('../') && !join(dirname(file.path), name).startsWith(`packages/${file.package}/src/`);

test('arrows between packages run down, and through an entry point', () => {
  const wrong = files.flatMap(file =>
    file.imports
      .filter(name => name.startsWith('@latchkey/') || leavesPackage(file, name))
      .filter(name => {
        const [, to = ''] = name.split('/');
        if (name.startsWith('../')) return true;
        return floorOf(to) >= floorOf(file.package) || (to === 'core' && !entryPoints.includes(name));
      })
      .map(name => `${file.path}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

/** The core is too large to be flat: its folders are concepts. */
const concepts = ['adapter', 'dialects', 'errors', 'renewal', 'session', 'store', 'time', 'tokens', 'verdict'];

test('src folders are flat but for the core, and no file hides behind a name that says nothing', () => {
  const folders = entries
    .filter(
      entry => entry.isDirectory() && entry.parentPath.endsWith('/src') && !entry.parentPath.includes('node_modules'),
    )
    .map(({ name }) => name)
    .filter(name => name !== 'fixtures')
    .sort();
  expect(folders).toEqual(concepts);
  expect(files.filter(({ path }) => /^(utils?|helpers?|lib|types|common|misc)\.tsx?$/.test(basename(path)))).toEqual(
    [],
  );
});

/** The body of a contract is its tests, in groups. */
const isContract = (path: string) => path.endsWith('Contract.ts');

test('a function fits on a screen of 60 lines, and stands in at most two others', () => {
  const wrong = files
    .filter(({ path }) => !isContract(path))
    .flatMap(({ path, source }) =>
      measureFunctions(path, source)
        .filter(({ lines, level }) => lines > 60 || level > 2)
        .map(({ line, lines, level }) => `${path}:${line}: ${lines} lines, level ${level}`),
    );
  expect(wrong).toEqual([]);
});

/** What of `vitest.config.ts` is read here. */
interface Project {
  readonly test: { readonly name: string; readonly include: readonly string[] };
}

test('B107 every adapter fulfils its contract with each version of GraphQL and of its client', async () => {
  const config: { default: { test: { projects: readonly Project[] } } } = await import(
    join(root, 'packages/testing/vitest.config.ts')
  );
  const runs = (adapter: string, versions: string) =>
    config.default.test.projects.some(
      ({ test: { name, include } }) =>
        name.includes(versions) && [`src/${adapter}.test.ts`, 'src/**/*.test.ts'].some(file => include.includes(file)),
    );
  for (const adapter of ['apollo', 'urql', 'fetch']) {
    expect(runs(adapter, 'current'), adapter).toBe(true);
    expect(runs(adapter, 'graphql 17'), adapter).toBe(true);
  }
  expect(runs('urql', 'urql core 5')).toBe(true);
  expect(runs('apollo', 'Apollo Client 4.0')).toBe(true);
  expect(runs('apollo3', 'current')).toBe(true); // not with graphql 17, which Apollo Client 3 does not take
  expect(runs('apollo3', 'Apollo Client 3.11')).toBe(true);
});
