import { readdir, readFile } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const root = join(dirname(fileURLToPath(import.meta.url)), '../../..');
const packageNames = await readdir(join(root, 'packages'));

/** From the ground up: what stands higher may import what stands lower. */
const floors = [['core'], ['providers', 'apollo', 'urql', 'fetch', 'emulators'], ['testing', 'bench']];
const floorOf = (name: string) => floors.findIndex(names => names.includes(name));

interface File {
  /** From the root of the repository. */
  readonly path: string;
  readonly package: string;
  /** What it imports, as written, types included. */
  readonly imports: readonly string[];
}

const entries = await readdir(join(root, 'packages'), { recursive: true, withFileTypes: true });
const isSource = (path: string) => /\/src\/.*\.tsx?$/.test(path) && !/node_modules|\.test\./.test(path);
const paths = entries
  .map(entry => relative(root, join(entry.parentPath, entry.name)))
  .filter(path => isSource(path))
  .sort();
const files: readonly File[] = await Promise.all(
  paths.map(async path => {
    const text = await readFile(join(root, path), 'utf8');
    return {
      path,
      package: path.split('/')[1] ?? '',
      imports: [...text.matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)].map(([, name = '']) => name),
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
