import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { copyOfCore } from './copyOfCore.ts';

// Runs the mutation tests of the unit tests: `pnpm --filter @latchkey/core run mutation`.
// They run in a copy of the package, for half an hour or more. Arguments: the files to mutate (`src/verdict/decide.ts`).

interface Mutant {
  readonly status: string;
  readonly mutatorName: string;
  readonly replacement?: string;
  readonly location: { readonly start: { readonly line: number } };
}

interface Report {
  readonly files: Readonly<Record<string, { readonly mutants: readonly Mutant[] }>>;
}

/** The statuses of Stryker that count for the score; all others are mutants that do not compile or were ignored. */
const detected = ['Killed', 'Timeout'];
const undetected = ['Survived', 'NoCoverage'];

const print = (line: string) => process.stdout.write(`${line}\n`);
const count = (mutants: readonly Mutant[], statuses: readonly string[]) =>
  mutants.filter(({ status }) => statuses.includes(status)).length;

function scoreOf(mutants: readonly Mutant[]): string {
  const total = count(mutants, [...detected, ...undetected]);
  return ((100 * count(mutants, detected)) / Math.max(total, 1)).toFixed(1);
}

function mutate(files: readonly string[]): Report {
  const copy = copyOfCore();
  try {
    const stryker = join(copy.folder, 'node_modules/@stryker-mutator/core/bin/stryker.js');
    const only = files.length > 0 ? ['--mutate', files.join(',')] : [];
    const args = [stryker, 'run', 'proof/mutation.config.json', ...only];
    const { status } = spawnSync(process.execPath, args, { cwd: copy.folder, stdio: ['ignore', 'inherit', 'inherit'] });
    if (status !== 0) throw new Error('Stryker did not finish.');
    return JSON.parse(readFileSync(join(copy.folder, 'mutation.json'), 'utf8')) as Report;
  } finally {
    copy.remove();
  }
}

const { files } = mutate(process.argv.slice(2).filter(argument => argument !== '--'));
for (const [file, { mutants }] of Object.entries(files)) {
  if (count(mutants, [...detected, ...undetected]) === 0) continue;
  print(`${file}: ${scoreOf(mutants)}`);
  for (const { status, mutatorName, replacement = '', location } of mutants)
    if (undetected.includes(status))
      print(`  ${location.start.line} ${status} ${mutatorName}: ${replacement.replaceAll(/\s+/g, ' ').slice(0, 100)}`);
}
print(`mutation score: ${scoreOf(Object.values(files).flatMap(({ mutants }) => mutants))}`);
