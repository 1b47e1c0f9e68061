import { AxeBuilder } from '@axe-core/playwright';
import type { Browser, Page } from 'playwright';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type App, startApp } from '../server/startApp.ts';
import { findChromium } from './findChromium.ts';
import { choose, launch, openPage, screenshot, signIn } from './openPage.ts';

const chromium = findChromium();
const apis = [
  { title: 'OLI', name: 'oli', user: 'Mara Quill' },
  { title: 'CollectiveAccess', name: 'collectiveaccess', user: 'Ina Harrow' },
  { title: 'Cookie', name: 'cookie', user: 'Mara Quill' },
] as const;
const clients = ['Apollo Client', 'urql'] as const;

describe.skipIf(chromium === undefined)('in Chromium', () => {
  let app: App;
  let browser: Browser;

  beforeAll(async () => {
    [app, browser] = await Promise.all([startApp({ port: 0, authServerMs: 150 }), launch(chromium ?? '')]);
  });
  afterAll(async () => {
    await browser?.close();
    await app?.close();
  });

  const panel = (page: Page, name: string) => page.getByRole('article', { name });

  async function counts(name: string): Promise<{ renewals: number; refused: number }> {
    const { tokenRequests, operations } = await (await fetch(`${app.origin}/demo/${name}/stats`)).json();
    return { renewals: tokenRequests.refresh, refused: operations.refused };
  }

  async function eventsOf(page: Page, client: string): Promise<number> {
    const sentence = await panel(page, client)
      .getByText(/^Following/)
      .textContent();
    return Number(sentence?.match(/\d+/)?.[0]);
  }

  async function killToken(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Kill the token', exact: true }).click();
    await page.getByText('The token is dead').waitFor();
  }

  describe.each(apis)('$title', ({ title, name, user }) => {
    test('25 operations at once with a dead token: one renewal, by one client or by both, and nobody notices', async () => {
      const { page, problems } = await openPage(browser, app.origin);
      await choose(page, title);
      await signIn(page, user);
      for (const client of clients) {
        await panel(page, client).getByText(`seen by ${user}`).first().waitFor();
        const before = await counts(name);
        await killToken(page);
        await panel(page, client).getByRole('button', { name: '25 at once' }).click();
        await panel(page, client).getByText('25 of 25 were answered.').waitFor();
        const after = await counts(name);
        expect(after.renewals - before.renewals).toBe(1);
        expect(after.refused - before.refused).toBe(25);
      }
      const before = await counts(name);
      await page.getByRole('button', { name: '25 at once with both' }).click();
      await page.getByText('The server counted 50 refused operations and 1 renewal.').waitFor();
      expect((await counts(name)).renewals - before.renewals).toBe(1);

      await page.getByRole('img', { name: /refused 100, answered when sent again 100, failed 0/ }).waitFor();
      await screenshot(page, `${name}-refused`);
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(problems).toEqual([]);
      await page.context().close();
    });

    test('subscriptions outlive their token, and tell the end of the session', async () => {
      const { page, problems } = await openPage(browser, app.origin);
      await choose(page, title);
      await signIn(page, user);
      for (const client of clients) await panel(page, client).getByRole('button', { name: 'Follow' }).click();
      for (const client of clients) await expect.poll(() => eventsOf(page, client)).toBeGreaterThan(1);
      const before = await counts(name);
      await killToken(page); // the server ends the streams
      for (const client of clients) {
        const had = await eventsOf(page, client);
        await expect.poll(() => eventsOf(page, client)).toBeGreaterThan(had + 2);
      }
      expect((await counts(name)).renewals - before.renewals).toBe(1);

      await page.getByRole('button', { name: 'Revoke the session' }).click();
      await page.getByRole('alert').filter({ hasText: 'Your session has ended' }).waitFor();
      expect(await page.getByText(/seen by/).count()).toBe(0);
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in');
      await screenshot(page, `${name}-ended`);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });

  test('a reload keeps the user of the cookie signed in, and no script can read the cookie', async () => {
    const { page, problems } = await openPage(browser, app.origin);
    await choose(page, 'Cookie');
    await signIn(page, 'Odo Fenn');
    expect(await page.evaluate(() => document.cookie + localStorage.length + sessionStorage.length)).toBe('00');
    await page.reload();
    await choose(page, 'Cookie');
    await page.getByRole('heading', { name: 'Signed in as Odo Fenn' }).waitFor();
    await page.getByRole('button', { name: 'Sign out' }).click();
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await page.reload();
    await choose(page, 'Cookie');
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    expect(problems).toEqual([]);
    await page.context().close();
  });

  describe.each([
    { look: 'light', options: { colorScheme: 'light' } },
    { look: 'dark', options: { colorScheme: 'dark' } },
    { look: 'phone', options: { viewport: { width: 360, height: 740 } } },
  ] as const)('$look', ({ look, options }) => {
    test('everybody can use it, and nothing sticks out', async () => {
      const { page, problems } = await openPage(browser, app.origin, options);
      await page.getByRole('option', { name: 'Mara Quill' }).waitFor({ state: 'attached' });
      await screenshot(page, `${look}-sign-in`);
      expect(await violations(page)).toEqual([]);
      await signIn(page, 'Mara Quill');
      await page.getByRole('button', { name: '25 at once with both' }).click();
      await page.getByText('The server counted').waitFor();
      await page.getByText('The picture as a table').click();
      await page.getByRole('cell', { name: 'Renewal' }).waitFor();
      await page.getByRole('img', { name: /answered when sent again 50/ }).waitFor();
      await screenshot(page, `${look}-signed-in`);
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });

  test('the keyboard alone is enough, and the focus follows', async () => {
    const { page } = await openPage(browser, app.origin);
    await page.getByRole('option', { name: 'Mara Quill' }).waitFor({ state: 'attached' });
    await page.getByRole('textbox', { name: 'Password' }).focus();
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Signed in as Mara Quill' }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.tagName)).toBe('H2');
    await page.keyboard.press('Tab');
    await page.keyboard.press('Enter'); // signs out
    await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
    await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in');
    await page.context().close();
  });
});

async function violations(page: Page): Promise<string[]> {
  const found = await new AxeBuilder({ page }).analyze();
  return found.violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(' ')}`);
}
