import { scenarios, tabs } from './scenarios.ts';
import { bundlePage, findChromium, launch, Stage } from './stage.ts';

// Tabs of a real browser against a server that knows no grace: `pnpm --filter @latchkey/browser run tabs`.
// A part of a scenario's name as the argument runs only that.

const wanted = process.argv.slice(2).filter(argument => argument !== '--');
const print = (line: string) => process.stdout.write(`${line}\n`);
const limitMs = 240_000;

async function run(program: string): Promise<void> {
  let failed = 0;
  let tokenRequests = Number.NaN;
  for (const { name, play } of scenarios) {
    if (wanted.length > 0 && !wanted.some(part => name.includes(part))) continue;
    const startedAt = Date.now();
    const browser = await launch(); // what hangs or crashes in one scenario harms no other
    const stage = await new Stage(browser, program).start();
    const timer = setTimeout(() => void browser.close(), limitMs);
    try {
      const requests = await play(stage);
      if (typeof requests === 'number') tokenRequests = requests;
      print(`ok   ${name} (${Date.now() - startedAt} ms)`);
    } catch (thrown) {
      failed++;
      print(`FAIL ${name}: ${thrown instanceof Error ? thrown.message : String(thrown)}`);
      print(stage.server.log.map(line => `     ${line}`).join('\n'));
    }
    clearTimeout(timer);
    await stage.end().catch(() => {});
    await browser.close().catch(() => {});
  }
  print(`tabs=${tabs} token_requests=${tokenRequests} failed=${failed}`);
  if (failed > 0) process.exitCode = 1;
}

if (findChromium()) await run(await bundlePage());
