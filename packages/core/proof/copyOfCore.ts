import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const core = join(import.meta.dirname, '..');
const patches = join(import.meta.dirname, 'faults');

/** The names of the seeded faults; each is a patch with the same name. */
export const faults: readonly string[] = readdirSync(patches)
  .filter(file => file.endsWith('.patch'))
  .map(file => file.slice(0, -'.patch'.length));

/** A copy of this package to which faults are applied, so that the work tree does not change. */
export interface CopyOfCore {
  readonly folder: string;
  /** @throws Error when the patch does not apply to the present code */
  apply(fault: string, options?: { readonly checkOnly?: boolean }): void;
  remove(): void;
}

export function copyOfCore(): CopyOfCore {
  const folder = mkdtempSync(join(tmpdir(), 'latchkey-core-'));
  for (const part of ['src', 'test', 'proof', 'package.json'])
    cpSync(join(core, part), join(folder, part), { recursive: true });
  symlinkSync(join(core, 'node_modules'), join(folder, 'node_modules'));
  return {
    folder,
    apply(fault, { checkOnly = false } = {}) {
      const patch = join(patches, `${fault}.patch`);
      const { error, status, stderr } = spawnSync('git', ['apply', ...(checkOnly ? ['--check'] : []), patch], {
        cwd: folder,
        encoding: 'utf8',
        env: { ...process.env, GIT_CEILING_DIRECTORIES: tmpdir() }, // paths are relative to the folder, not to a repository around it
      });
      if (error || status !== 0)
        throw new Error(`${fault}.patch does not apply. Update it for the present code.\n${error ?? stderr}`);
    },
    remove: () => rmSync(folder, { recursive: true }),
  };
}
