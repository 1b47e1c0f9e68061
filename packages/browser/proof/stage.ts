import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright';
import { rolldown } from 'rolldown';
import type { TabProgram } from './page.ts';
import { StrictServer } from './startServer.ts';

declare global {
  var tab: TabProgram;
}

const path = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking',
  '--disable-component-update --disable-sync',
].flatMap(line => line.split(' '));

/** The path of Chromium; `undefined`: it is not installed, which is an error in CI. */
export function findChromium(): string | undefined {
  if (existsSync(path)) return path;
  const message = `Chromium was not found at ${path}: set CHROMIUM to run tabs in it.`;
  if (process.env.CI) throw new Error(message);
  process.stdout.write(`${message}\n`);
  return undefined;
}

export const launch = (): Promise<Browser> =>
  chromium.launch({
    executablePath: path,
    args: [...args, '--host-resolver-rules=MAP app.test 127.0.0.1'],
    ignoreDefaultArgs: ['--disable-back-forward-cache'],
  });

/** The program of a tab, as one file. */
export async function bundlePage(): Promise<string> {
  const bundle = await rolldown({
    input: fileURLToPath(new URL('page.ts', import.meta.url)),
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
  });
  const { output } = await bundle.generate({ format: 'esm' });
  return output[0].code;
}

/** The tabs of one browser profile, with an auth server of their own. */
export class Stage {
  readonly server: StrictServer;
  readonly pages: Page[] = [];
  origin = '';
  readonly #browser: Browser;
  #context: BrowserContext | undefined;

  constructor(browser: Browser, program: string) {
    this.#browser = browser;
    this.server = new StrictServer(program);
  }

  async start(): Promise<this> {
    this.origin = `http://localhost:${await this.server.listen()}`;
    this.#context = await this.#browser.newContext();
    this.#context.setDefaultTimeout(60_000);
    return this;
  }

  async end(): Promise<void> {
    await this.#context?.close();
    this.server.close();
  }

  async open(query = ''): Promise<Page> {
    const page = await (this.#context as BrowserContext).newPage();
    await this.visit(page, query);
    this.pages.push(page);
    return page;
  }

  async visit(page: Page, query = ''): Promise<void> {
    await page.goto(`${this.origin}/?${query}`);
    await page.waitForFunction(() => globalThis.tab !== undefined);
  }

  async openMany(count: number, query?: string): Promise<Page[]> {
    return Promise.all(Array.from({ length: count }, () => this.open(query)));
  }

  /** A tab in which a user has signed in, and others that were opened then. */
  async openSignedIn(count: number, query?: string, user = 'ann'): Promise<Page[]> {
    const first = await this.open(query);
    await signIn(first, user);
    const others = await this.openMany(count - 1, query);
    await Promise.all(others.map(page => page.evaluate(() => tab.get())));
    this.server.tokenRequests = 0;
    return [first, ...others];
  }
}

export const signIn = (page: Page, user: string): Promise<void> =>
  page.evaluate(async name => tab.auth.adopt(await tab.signInAs(name)), user);

/** What all pages get at the same moment. */
export function getAtOnce(pages: readonly Page[]): Promise<(string | null)[]> {
  const at = Date.now() + 50 * pages.length;
  return Promise.all(pages.map(page => page.evaluate(time => tab.get(time), at)));
}

/** The tokens of all pages expire. */
export async function expire(pages: readonly Page[]): Promise<void> {
  await Promise.all(
    pages.map(page =>
      page.evaluate(() => {
        tab.aheadMs += 3_600_000;
      }),
    ),
  );
}

export const eventsOf = (page: Page): Promise<string[]> => page.evaluate(() => tab.events);

/** What `fresh()` answers, once nothing more changes it. */
export async function freshOf(page: Page, expected: string | null | undefined): Promise<string | null | undefined> {
  const read = () => page.evaluate(() => [tab.auth.fresh()].map(tokens => (tokens ? tokens.accessToken : tokens))[0]);
  for (let tries = 0; tries < 100 && (await read()) !== expected; tries++) await page.waitForTimeout(50);
  return read();
}
