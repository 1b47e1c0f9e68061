import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

/** The folder of the repository. */
export const root: string = join(dirname(fileURLToPath(import.meta.url)), '../../..');

/** The files of the repository that git knows and that are not deleted, from its root, sorted. */
export async function trackedFiles(): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)('git', ['ls-files', '-z'], { cwd: root, maxBuffer: 2 ** 24 });
  return stdout
    .split('\0')
    .filter(path => path !== '' && existsSync(join(root, path)))
    .sort();
}
