import { spawnSync } from 'node:child_process';
import { copyOfCore, faults } from './copyOfCore.ts';

// Is the model worth anything? Each fault is planted into a copy of the package, and the model has to find it:
// `pnpm --filter @latchkey/core run seeded-faults`. Names of faults as arguments: only those.

const runs = '30000';
const longestMs = 60_000;
const chosen = process.argv.slice(2).filter(argument => argument !== '--');
const planted = chosen.length > 0 ? chosen : faults;

/** Which invariant the model finds broken in a copy with this fault; `undefined`: none. */
function verdictOn(fault?: string): string | undefined {
  const copy = copyOfCore();
  try {
    if (fault !== undefined) copy.plant(fault);
    const args = ['proof/runModel.ts', '--first', '--seed', '1', '--runs', runs];
    const { stdout } = spawnSync(process.execPath, args, { cwd: copy.folder, encoding: 'utf8', timeout: longestMs });
    const said = /^seed=1 (runs=\d+) failed=(.*)$/m.exec(stdout);
    if (!said) throw new Error('The model says nothing: it does not run, or does not end.');
    return said[2] === '0' ? undefined : `${said[1]}${said[2]?.slice(1)}`;
  } finally {
    copy.remove();
  }
}

function tell(fault: string): boolean {
  let verdict: string | undefined;
  try {
    verdict = verdictOn(fault);
  } catch (error) {
    process.stdout.write(`${fault}: ${String(error)}\n`);
    return false;
  }
  process.stdout.write(`${fault}: ${verdict ?? 'not found'}\n`);
  return verdict !== undefined;
}

const without = verdictOn();
if (without !== undefined) throw new Error(`The model finds a fault where none is planted: ${without}`);
const found = planted.filter(tell).length;
process.stdout.write(`faults=${planted.length} found=${found}\n`);
if (found < planted.length) process.exitCode = 1;
