import { spawnSync } from 'node:child_process';
import { copyOfCore, faults } from './copyOfCore.ts';

// Tests the model: each seeded fault is applied to a copy of the package, and the model must find a violation.
// `pnpm --filter @latchkey/core run seeded-faults`. Arguments: the names of the faults to apply.

const runs = '20000';
/** The core without a fault passes with it. */
const seed = '4';
const longestMs = 600_000;
const requested = process.argv.slice(2).filter(argument => argument !== '--');
const selected = requested.length > 0 ? requested : faults;

/** @returns the violation that the model finds in a copy with the fault, or `undefined` */
function findViolation(fault?: string): string | undefined {
  const copy = copyOfCore();
  try {
    if (fault !== undefined) copy.apply(fault);
    const args = ['proof/runModel.ts', '--first', '--seed', seed, '--runs', runs];
    const { stdout } = spawnSync(process.execPath, args, { cwd: copy.folder, encoding: 'utf8', timeout: longestMs });
    const match = /^seed=\d+ (runs=\d+) failed=(.*)$/m.exec(stdout);
    if (!match) throw new Error('The model did not finish.');
    return match[2] === '0' ? undefined : `${match[1]}${match[2]?.slice(1)}`;
  } finally {
    copy.remove();
  }
}

function checkFault(fault: string): boolean {
  let violation: string | undefined;
  try {
    violation = findViolation(fault);
  } catch (error) {
    process.stdout.write(`${fault}: ${String(error)}\n`);
    return false;
  }
  process.stdout.write(`${fault}: ${violation ?? 'not found'}\n`);
  return violation !== undefined;
}

const violationWithoutFault = findViolation();
if (violationWithoutFault !== undefined)
  throw new Error(`The model finds a violation without a fault: ${violationWithoutFault}`);
const found = selected.filter(checkFault).length;
process.stdout.write(`faults=${selected.length} found=${found}\n`);
if (found < selected.length) process.exitCode = 1;
