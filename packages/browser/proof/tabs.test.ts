import { expect, test } from 'vitest';
import { scenarios } from './scenarios.ts';
import { bundlePage, findChromium, launch, Stage } from './stage.ts';

// The quick ones of `run tabs`, which has all.

const quick = ['20 tabs whose token has expired', 'sign-out', 'back after a sign-out in the next page'];

test.skipIf(findChromium() === undefined).for(quick)('B60 B64 B115 in Chromium: %s', async name => {
  const scenario = scenarios.find(one => one.name === name);
  const browser = await launch();
  const stage = await new Stage(browser, await bundlePage()).start();
  try {
    expect(scenario).toBeDefined();
    await scenario?.play(stage);
  } finally {
    await stage.end();
    await browser.close();
  }
});
