import type { Page } from 'playwright';
import { describe, expect, test } from 'vitest';
import { choices, clients, costOf } from './choices.ts';
import { describeInChromium } from './describeInChromium.ts';
import { choose, screenshot, signIn } from './openPage.ts';

interface Timeline {
  readonly renewals: number;
  readonly refused: number;
  readonly retried: number;
  readonly failed: number;
}

describeInChromium(({ open, origin }) => {
  const panel = (page: Page, name: string) => page.getByRole('article', { name });

  async function counts(name: string): Promise<{ tokenRequests: number; refused: number }> {
    const { tokenRequests, operations } = await (await fetch(`${origin()}/demo/${name}/stats`)).json();
    return { tokenRequests: tokenRequests.total, refused: operations.refused };
  }

  /** The change of the server's counters during an action. */
  async function cost(name: string, act: () => Promise<unknown>): Promise<{ tokenRequests: number; refused: number }> {
    const before = await counts(name);
    await act();
    const after = await counts(name);
    return { tokenRequests: after.tokenRequests - before.tokenRequests, refused: after.refused - before.refused };
  }

  async function eventsOf(page: Page, client: string): Promise<number> {
    const sentence = await panel(page, client)
      .getByText(/^Following/)
      .textContent();
    return Number(sentence?.match(/\d+/)?.[0]);
  }

  async function expireToken(page: Page): Promise<void> {
    await page.getByRole('button', { name: 'Expire the token', exact: true }).click();
    await page.getByText('The token has expired').waitFor();
  }

  /** The counts in the name of the timeline. */
  async function timelineOf(page: Page): Promise<Timeline> {
    const name = (await page.getByRole('img', { name: /renewals \d+/ }).getAttribute('aria-label')) ?? '';
    const count = (label: string) => Number(new RegExp(`${label} (\\d+)`).exec(name)?.[1]);
    return {
      renewals: count('renewals'),
      refused: count('refused'),
      retried: count('answered after a retry'),
      failed: count('failed'),
    };
  }

  describe.each(choices)('$title', choice => {
    const { title, name, user, owner = user, renewedBy } = choice;

    test('25 operations at once with an expired token, by one client or by both, are all answered', async () => {
      const { page, problems } = await open();
      await choose(page, title);
      await signIn(page, user);
      for (const client of clients) await panel(page, client).getByText(`seen by ${owner}`).first().waitFor();
      for (const client of clients) {
        const ofClient = cost(name, async () => {
          await expireToken(page);
          await panel(page, client).getByRole('button', { name: '25 at once' }).click();
          await panel(page, client).getByText('25 of 25 were answered.').waitFor();
        });
        expect(await ofClient).toEqual(costOf(choice, 25));
      }
      const ofBoth = cost(name, async () => {
        await page.getByRole('button', { name: '25 at once with both' }).click();
        await page.getByText('The server counted').waitFor();
      });
      const { refused, tokenRequests } = costOf(choice, 50);
      expect(await ofBoth).toEqual({ refused, tokenRequests });
      await page.getByText(new RegExp(`${refused} refused operations and ${tokenRequests} token request`)).waitFor();

      // The timeline shows the last minute: of the first two bursts only what a busy machine leaves in it.
      const isComplete = (timeline: Timeline) => timeline.refused >= refused && timeline.retried === timeline.refused;
      await expect.poll(async () => isComplete(await timelineOf(page))).toBe(true);
      const timeline = await timelineOf(page);
      expect(timeline.failed).toBe(0);
      expect(timeline.refused).toBeLessThanOrEqual(refused * 2);
      expect(timeline.renewals).toBeLessThanOrEqual(tokenRequests * 3);
      await screenshot(page, `${name}-expired`);
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(problems).toEqual([]);
      await page.context().close();
    });

    test('subscriptions continue after their token expires, and the page shows the end of the session', async () => {
      const { page, problems } = await open();
      await choose(page, title);
      await signIn(page, user);
      for (const client of clients) await panel(page, client).getByRole('button', { name: 'Follow' }).click();
      for (const client of clients) await expect.poll(() => eventsOf(page, client)).toBeGreaterThan(1);
      const { tokenRequests } = await cost(name, async () => {
        await expireToken(page); // the server ends the streams
        for (const client of clients) {
          const before = await eventsOf(page, client);
          await expect.poll(() => eventsOf(page, client)).toBeGreaterThan(before + 2);
        }
      });
      expect(tokenRequests).toBe(costOf(choice, 2).tokenRequests);

      await page.getByRole('button', { name: 'Revoke the session' }).click();
      if (renewedBy === 'response') await panel(page, 'urql').getByRole('button', { name: 'Query' }).click();
      await page.getByRole('alert').filter({ hasText: 'Your session has ended' }).waitFor();
      expect(await page.getByText(/seen by/).count()).toBe(0);
      await expect.poll(() => page.evaluate(() => document.activeElement?.textContent)).toBe('Sign in');
      await page.getByRole('img', { name: `renewals ${tokenRequests + 1}` }).waitFor(); // the last one failed
      await screenshot(page, `${name}-ended`);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });

  describe.each(choices.filter(({ outlivesReload }) => outlivesReload))('$title', ({ title, user }) => {
    test('a reload keeps the user signed in, and no script can read the cookie or see a secret', async () => {
      const { page, problems } = await open();
      const sent: Record<string, string>[] = [];
      page.on('request', request => sent.push(request.headers()));
      await choose(page, title);
      await signIn(page, user);
      expect(await page.evaluate(() => document.cookie + localStorage.length + sessionStorage.length)).toBe('00');
      await page.reload();
      await choose(page, title);
      await page.getByRole('heading', { name: `Signed in as ${user}` }).waitFor();
      await page.getByRole('button', { name: 'Sign out' }).click();
      await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
      await page.reload();
      await choose(page, title);
      await page.getByRole('heading', { name: 'Sign in', exact: true }).waitFor();
      expect(sent.filter(headers => 'x-api-key' in headers || headers.authorization?.startsWith('Basic'))).toEqual([]);
      expect(problems).toEqual([]);
      await page.context().close();
    });
  });

  test('users of two pages who share a token renew it once', async () => {
    const pages = await Promise.all([open(), open()]);
    for (const [index, user] of ['Pia Dorn', 'Lew Tamm'].entries()) {
      const { page } = pages[index] ?? {};
      if (!page) continue;
      await choose(page, 'Altrata');
      await signIn(page, user);
      for (const client of clients) await panel(page, client).getByText('seen by Import Service').first().waitFor();
    }
    const ofAll = cost('altrata', async () => {
      await fetch(`${origin()}/demo/altrata/expire`, {
        method: 'POST',
        headers: { 'x-requested-with': 'latchkey-example' },
      });
      const bursts = pages.flatMap(({ page }) => clients.map(client => panel(page, client)));
      for (const burst of bursts) await burst.getByRole('button', { name: '25 at once' }).click();
      for (const burst of bursts) await burst.getByText('25 of 25 were answered.').waitFor();
    });
    expect((await ofAll).tokenRequests).toBe(1);
    for (const { page, problems } of pages) {
      expect(await page.getByRole('alert').count()).toBe(0);
      expect(problems).toEqual([]);
      await page.context().close();
    }
  });

  test('tokens in the responses of another origin are used without a renewal', async () => {
    const { page, problems } = await open();
    const origins = new Set<string>();
    page.on(
      'request',
      request => void (request.postData()?.includes('Items') && origins.add(new URL(request.url()).origin)),
    );
    await choose(page, 'Toggle');
    await signIn(page, 'Wren Abbot');
    const { tokenRequests } = await cost('toggle', async () => {
      for (const sets of [2, 3, 4]) {
        await expireToken(page);
        await panel(page, 'urql').getByRole('button', { name: 'Query' }).click();
        await page.getByRole('img', { name: new RegExp(`token sets ${sets}, renewals 0, .* refused 0`) }).waitFor();
      }
    });
    expect(tokenRequests).toBe(0);
    expect(origins.size).toBe(1);
    expect(origins).not.toContain(origin());
    await screenshot(page, 'toggle-rotation');
    expect(problems).toEqual([]);
    await page.context().close();
  });
});
