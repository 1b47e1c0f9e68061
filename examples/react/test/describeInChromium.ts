import type { Browser, BrowserContextOptions } from 'playwright';
import { afterAll, beforeAll, describe } from 'vitest';
import { type App, startApp } from '../server/startApp.ts';
import { findChromium } from './findChromium.ts';
import { launch, openPage } from './openPage.ts';

interface Stage {
  /** Opens the page, with cookies of its own. */
  readonly open: (options?: BrowserContextOptions) => ReturnType<typeof openPage>;
  /** Of the app. */
  readonly origin: () => string;
}

/** Tests in Chromium, with an app of their own. They are skipped where there is no Chromium. */
export function describeInChromium(tests: (stage: Stage) => void): void {
  const chromium = findChromium();
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

    tests({ open: options => openPage(browser, app.origin, options), origin: () => app.origin });
  });
}
