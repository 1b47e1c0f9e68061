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
  readonly lines: number;
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
      lines: text.split('\n').length - 1,
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

test('arrows between packages run down, and through an entry point', () => {
  const wrong = files.flatMap(file =>
    file.imports
      .filter(name => name.startsWith('@latchkey/') || name.startsWith('../'))
      .filter(name => {
        const [, to = ''] = name.split('/');
        if (name.startsWith('../')) return true;
        return floorOf(to) >= floorOf(file.package) || (to === 'core' && !entryPoints.includes(name));
      })
      .map(name => `${file.path}: ${name}`),
  );
  expect(wrong).toEqual([]);
});

test('every src folder is flat, and no file hides behind a name that says nothing', () => {
  const folders = entries
    .filter(
      entry => entry.isDirectory() && entry.parentPath.endsWith('/src') && !entry.parentPath.includes('node_modules'),
    )
    .map(({ name }) => name)
    .filter(name => name !== 'fixtures');
  expect(folders).toEqual([]);
  expect(files.filter(({ path }) => /^(utils?|helpers?|lib|types|common|misc)\.tsx?$/.test(basename(path)))).toEqual(
    [],
  );
});

/** Two screens. */
const mostLines = 190;

/** Longer, for a reason. */
const reasons: Readonly<Record<string, string>> = {
  'packages/core/src/recordedAnswers.ts': 'a table of what servers answered',
  'packages/core/src/scriptedProvider.ts': 'what the unit tests of the core share',
  'packages/testing/src/adapterContract.ts': 'a contract is read row by row',
  'packages/testing/src/storeContract.ts': 'a contract is read row by row',
};

test('no file is longer than two screens without a reason', () => {
  const long = files.filter(({ lines }) => lines > mostLines).map(({ path }) => path);
  expect(long.filter(path => !(path in reasons))).toEqual([]);
  expect(Object.keys(reasons).filter(path => !long.includes(path))).toEqual([]);
});
