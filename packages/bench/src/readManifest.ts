import { readFile } from 'node:fs/promises';
import { findPackageJSON } from 'node:module';

export interface Manifest {
  readonly version: string;
  readonly peerDependencies?: Readonly<Record<string, string>>;
}

/** The package.json of a dependency of this package. @throws Error when it is not installed */
export async function readManifest(name: string): Promise<Manifest> {
  const path = findPackageJSON(name, import.meta.url);
  if (!path) throw new Error(`${name} is not installed.`);
  return JSON.parse(await readFile(path, 'utf8')) as Manifest;
}
