import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const core = join(import.meta.dirname, '..');
const patches = join(import.meta.dirname, 'faults');

/** What is wrong on purpose, each by a patch of the same name. */
export const faults: readonly string[] = readdirSync(patches)
  .filter(file => file.endsWith('.patch'))
  .map(file => file.slice(0, -'.patch'.length));

/** A copy of this package in which faults are planted: the work tree stays as it is. */
export interface CopyOfCore {
  readonly folder: string;
  /** @throws Error when the patch does not fit: the code has moved on, and the patch has to follow */
  plant(fault: string, options?: { readonly onlyTry?: boolean }): void;
  remove(): void;
}

export function copyOfCore(): CopyOfCore {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-core-'));
  for (const part of ['src', 'test', 'proof', 'package.json'])
    cpSync(join(core, part), join(folder, part), { recursive: true });
  symlinkSync(join(core, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    plant(fault, { onlyTry = false } = {}) {
      const patch = join(patches, `${fault}.patch`);
      const { error, status, stderr } = spawnSync('git', ['apply', ...(onlyTry ? ['--check'] : []), patch], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() }, // a repository around would change what paths mean
      });
      if (error || status !== 0)
        throw new Error(
          `${fault}.patch does not apply any more. Make it anew from the code as it is.\n${error ?? stderr}`,
        );
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
