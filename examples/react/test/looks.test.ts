import { AxeBuilder } from '@axe-core/playwright';
import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { describeInChromium } from './describeInChromium.ts';
import { choose, screenshot, signIn } from './openPage.ts';

describeInChromium(({ open }) => {
  test('the page shows a sentence when the server hides its token headers', async () => {
    const { page, problems } = await open({ viewport: { width: 360, height: 740 } });
    await choose(page, 'Toggle');
    const hides = page.getByRole('checkbox', { name: 'The server does not let pages' });
    await hides.click();
    await expect.poll(() => hides.isChecked()).toBe(true); // once the server has changed
    await page.getByRole('button', { name: 'Sign in' }).click();
    await page.getByRole('alert').filter({ hasText: 'Signing in cannot work: the server hides its token' }).waitFor();
    await screenshot(page, 'toggle-hidden');
    expect(await violations(page)).toEqual([]);
    await hides.click();
    await expect.poll(() => hides.isChecked()).toBe(false);
    await signIn(page, 'Till Sander');
    expect(problems).toEqual([]);
    await page.context().close();
  });

  describe.each([
    { look: 'light', title: 'OLI', user: 'Mara Quill', options: { colorScheme: 'light' } },
    { look: 'dark', title: 'Altrata', user: 'Lew Tamm', options: { colorScheme: 'dark' } },
    { look: 'phone', title: 'Real Items', user: 'Ivo Marsh', options: { viewport: { width: 360, height: 740 } } },
  ] as const)('$look', ({ look, title, user, options }) => {
    test('is accessible, and does not scroll sideways', async () => {
      const { page, problems } = await open(options);
      await choose(page, title);
      await page.getByRole('option', { name: user }).waitFor({ state: 'attached' });
      await screenshot(page, `${look}-sign-in`);
      expect(await violations(page)).toEqual([]);
      await signIn(page, user);
      await page.getByRole('button', { name: '25 at once with both' }).click();
      await page.getByText('The server counted').waitFor();
      await page.getByText('The timeline as a table').click();
      await page.getByRole('cell', { name: 'Renewal' }).waitFor();
      await page.getByRole('img', { name: /answered after a retry 50/ }).waitFor();
      await screenshot(page, `${look}-signed-in`);
      expect(await violations(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });

  test('the page works with the keyboard, and the focus moves to the new heading', async () => {
    const { page } = await open();
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
