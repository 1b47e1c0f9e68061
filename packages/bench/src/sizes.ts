import { bundleSize } from './bundleSize.ts';
import { type Figure, makeFigure } from './figure.ts';
import { managerGoal, programGoal, reactGoal, socketGoal, storeGoal } from './goals.ts';
import { ownShare } from './ownShare.ts';
import { type Adapter, programOf } from './programOf.ts';
import { readManifest } from './readManifest.ts';

const link: Adapter = { package: '@latchkey/apollo', name: 'authLink' };
const sockets: Adapter = { package: '@latchkey/graphql-ws', name: 'createAuthClient' };
const adapters: readonly Adapter[] = [
  link,
  { package: '@latchkey/urql', name: 'authExchange' },
  { package: '@latchkey/fetch', name: 'authFetch' },
];

/** An application brings the adapters' peer dependencies, but the core only because of the adapter. */
async function externalPackages(): Promise<readonly string[]> {
  const manifests = await Promise.all([...adapters, sockets].map(adapter => readManifest(adapter.package)));
  const names = manifests.flatMap(({ peerDependencies = {} }) => Object.keys(peerDependencies));
  return names.filter(name => !name.startsWith('@latchkey/'));
}

/** What an application with React ships anyway. */
const besideReact = ['@latchkey/core', 'react'];

/** The bytes that an application ships: whole programs, the manager alone, and the shares of a store and of React. */
export async function sizes(): Promise<readonly Figure[]> {
  const external = await externalPackages();
  const programs = adapters.map(async adapter =>
    makeFigure({
      name: `program: createTokenManager, readTokens, ${adapter.name}`,
      unit: 'bytes',
      ours: await bundleSize(programOf(adapter), external),
      goal: programGoal,
    }),
  );
  const manager = await bundleSize("export { createTokenManager } from '@latchkey/core';", external);
  const withStore = await bundleSize(programOf(link, true), external);
  const withoutStore = await bundleSize(programOf(link), external);
  const react = await bundleSize("export * from '@latchkey/react';", besideReact);
  return [
    ...(await Promise.all(programs)),
    makeFigure({ name: 'createTokenManager alone', unit: 'bytes', ours: manager, goal: managerGoal }),
    makeFigure({ name: 'added by keyValueStore', unit: 'bytes', ours: withStore - withoutStore, goal: storeGoal }),
    makeFigure({
      name: 'added by createAuthClient, next to graphql-ws',
      unit: 'bytes',
      ours: await ownShare(sockets, external),
      goal: socketGoal,
    }),
    makeFigure({ name: 'added by @latchkey/react', unit: 'bytes', ours: react, goal: reactGoal }),
  ];
}
