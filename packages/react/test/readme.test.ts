import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Oli, startOli } from '@latchkey/emulators';
import type { Browser, Page } from 'playwright';
import { rolldown } from 'rolldown';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test } from 'vitest';
import { hasChromium, launch } from './chromium.ts';
import { type CookieServer, startCookieServer } from './cookieServer.ts';

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The program of the README, as it stands there. */
async function programOfReadme(): Promise<string> {
  const readme = await readFile(here('../README.md'), 'utf8');
  const program = /```tsx\n(.*?)```/s.exec(readme)?.[1] ?? '';
  const entry = here('program.tsx');
  const react18 = here('../react-18/node_modules');
  const alias = { react: `${react18}/react`, 'react-dom': `${react18}/react-dom` };
  const bundle = await rolldown({
    input: entry,
    platform: 'browser',
    checks: { moduleLevelDirective: false },
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
    ...(inject('react') === 'React 18.2' && { resolve: { alias } }),
    plugins: [
      {
        name: 'readme',
        resolveId: id => (id === entry ? id : undefined),
        load: id => (id === entry ? { code: program, moduleType: 'tsx' } : undefined),
      },
    ],
  });
  const { output } = await bundle.generate({ format: 'esm' });
  return output[0].code;
}

describe.skipIf(!hasChromium())('the program of the README', () => {
  let program: string;
  let browser: Browser;
  let oli: Oli;
  let server: CookieServer;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    [program, browser] = await Promise.all([programOfReadme(), launch()]);
  });
  afterAll(() => browser?.close());
  beforeEach(async () => {
    oli = await startOli();
    server = await startCookieServer(oli, program);
    page = await (await browser.newContext()).newPage();
    await open(page);
  });
  afterEach(async () => {
    await page.context().close();
    await server.close();
    await oli.close();
    expect(problems.splice(0)).toEqual([]);
  });

  async function open(tab: Page): Promise<void> {
    tab.on('pageerror', error => problems.push(String(error)));
    tab.on('console', message => {
      const isRefusal = message.text().startsWith('Failed to load resource'); // which a browser prints for each 401
      if (['error', 'warning'].includes(message.type()) && !isRefusal) problems.push(message.text());
    });
    await tab.goto(server.origin);
  }

  async function signIn(user: 0 | 1, password: string = oli.users[user].password): Promise<void> {
    await page.getByLabel('Name').fill(oli.users[user].username);
    await page.getByLabel('Password').fill(password);
    await page.getByRole('button', { name: 'Sign in' }).click();
  }
  const rowsOf = async (user: 0 | 1, tab = page) => {
    await tab.getByText(`Item 1, seen by ${oli.users[user].name}`).waitFor();
    expect(await tab.getByRole('listitem').count()).toBe(10);
  };
  const form = (tab = page) => tab.getByRole('button', { name: 'Sign in' }).waitFor();

  test('B148 a wrong password is answered in words, and a right one shows the rows', async () => {
    await signIn(0, 'wrong');
    await page.getByText('The name or the password is wrong.').waitFor();
    await signIn(0);
    await rowsOf(0);
    expect(await page.getByRole('alert').count()).toBe(0);
  });

  test('B148 a reload restores the session, and after a sign-out it does not', async () => {
    await signIn(0);
    await rowsOf(0);
    await page.reload();
    await rowsOf(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await form();
    await expect.poll(() => oli.stats().tokenRequests.revoked).toBe(1); // nothing waits for it
    await page.reload();
    await form();
  });

  test('B148 the next user sees nothing of the one before, not even hidden', async () => {
    await signIn(0);
    await rowsOf(0);
    await page.getByRole('button', { name: 'Sign out' }).click();
    await form();
    await page.evaluate(() => {
      const seen: string[] = [];
      Object.assign(globalThis, { seen });
      const watcher = new MutationObserver(() => seen.push(document.body.textContent ?? ''));
      watcher.observe(document.body, { subtree: true, childList: true, characterData: true });
    });
    await signIn(1);
    await rowsOf(1);
    // `seen` is set by the script of the page
    const seen = await page.evaluate(() => (globalThis as unknown as { seen: string[] }).seen.join());
    expect(seen).toContain(oli.users[1].name);
    expect(seen).not.toContain(oli.users[0].name);
  });

  test('B148 a session that has ended is explained, and ends in the other tab', async () => {
    await signIn(0);
    await rowsOf(0);
    const other = await page.context().newPage();
    await open(other);
    await rowsOf(0, other);
    oli.revoke();
    await other.reload();
    await other.getByText('Please sign in again.').waitFor();
    await form();
  });

  test('B148 an auth server that is down is answered with another attempt', async () => {
    await signIn(0);
    await rowsOf(0);
    server.isDown = true;
    await page.reload();
    const again = page.getByRole('button', { name: 'Try again' });
    await again.waitFor();
    server.isDown = false;
    await expect
      .poll(async () => {
        await again.click({ timeout: 100 }).catch(() => {}); // a pause follows a failure; gone: it has worked
        return page.getByRole('listitem').count();
      })
      .toBe(10);
  });
});
