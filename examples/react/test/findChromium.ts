import { existsSync } from 'node:fs';

const path = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** The path of Chromium. `undefined` skips the tests in Chromium; in CI its absence is an error. */
export function findChromium(): string | undefined {
  if (existsSync(path)) return path;
  const message = `Chromium was not found at ${path}: set CHROMIUM to run the browser tests.`;
  if (process.env.CI) throw new Error(message);
  process.stdout.write(`${message} They are skipped.\n`);
  return undefined;
}
