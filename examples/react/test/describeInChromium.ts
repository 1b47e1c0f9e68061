import type { Browser, BrowserContextOptions } from 'playwright';
import { afterAll, beforeAll, describe } from 'vitest';
import { type App, startApp } from '../server/startApp.ts';
import { findChromium } from './findChromium.ts';
import { launch, openPage } from './openPage.ts';

interface Stage {
  /** Opens the page with its own cookies. */
  readonly open: (options?: BrowserContextOptions) => ReturnType<typeof openPage>;
  /** The origin of the app. */
  readonly origin: () => string;
}

/** Runs tests in Chromium with their own app. They are skipped when Chromium is not installed. */
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
