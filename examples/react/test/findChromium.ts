import { existsSync } from 'node:fs';

const path = process.env.CHROMIUM ?? '/usr/bin/chromium';

/** Where Chromium is; without it the tests in it are skipped, except in CI, where that is a failure. */
export function findChromium(): string | undefined {
  if (existsSync(path)) return path;
  const message = `There is no Chromium at ${path}: set CHROMIUM to run the tests in the browser.`;
  if (process.env.CI) throw new Error(message);
  process.stdout.write(`${message} They are skipped.\n`);
  return undefined;
}
