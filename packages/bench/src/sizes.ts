import { bundleSize } from './bundleSize.ts';
import { type Figure, makeFigure } from './figure.ts';
import { readManifest } from './readManifest.ts';

interface Import {
  readonly package: string;
  readonly name: string;
  readonly mostBytes: number;
}

const imports: readonly Import[] = [
  { package: '@latchkey/core', name: 'createTokenManager', mostBytes: 4608 },
  { package: '@latchkey/apollo', name: 'authLink', mostBytes: 1331 },
  { package: '@latchkey/urql', name: 'authExchange', mostBytes: 1536 },
  { package: '@latchkey/fetch', name: 'authFetch', mostBytes: 819 },
];

/** What each import adds to an application that has the package's peer dependencies: an adapter's core counts as the core's. */
export async function sizes(): Promise<readonly Figure[]> {
  return Promise.all(
    imports.map(async ({ package: from, name, mostBytes }) => {
      const { peerDependencies = {} } = await readManifest(from);
      const bytes = await bundleSize(`export { ${name} } from '${from}';`, Object.keys(peerDependencies));
      return makeFigure({ name: `${from}: ${name}`, unit: 'bytes', ours: bytes, goal: mostBytes });
    }),
  );
}
