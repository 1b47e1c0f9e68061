import { existsSync } from 'node:fs';
import { type Browser, chromium } from 'playwright';

const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync';

/** Whether Chromium is installed; in CI its absence is an error. */
export function hasChromium(): boolean {
  if (existsSync(path)) return true;
  const message = `Chromium was not found at ${path}: set CHROMIUM to run the browser tests.`;
  if (process.env.CI) throw new Error(message);
  process.stdout.write(`${message} They are skipped.\n`);
  return false;
}

export const launch = (): Promise<Browser> => chromium.launch({ executablePath: path, args: args.split(' ') });
