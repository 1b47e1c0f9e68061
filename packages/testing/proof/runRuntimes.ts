import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { chromium } from 'playwright';
import { rolldown } from 'rolldown';
import type { Addresses, Report } from './runtimeProgram.ts';
import { startRuntimeServer } from './runtimeServer.ts';

// One program in Node, Bun, Deno, workerd, Chromium, and a Chromium that lacks what older browsers and React Native lack:
// `pnpm --filter @latchkey/testing run runtimes`. A runtime that cannot be started is a failure.

const run = promisify(execFile);
const packages = fileURLToPath(new URL('../node_modules/', import.meta.url));
const arm = process.arch === 'arm64';
const binaries = {
  bun: `@oven/bun-linux-${arm ? 'aarch64' : 'x64'}/bin/bun`,
  deno: `@deno/linux-${arm ? 'arm64' : 'x64'}-glibc/deno`,
  workerd: `@cloudflare/workerd-linux-${arm ? 'arm64' : '64'}/bin/workerd`,
};
const pathOf = (name: keyof typeof binaries) => join(packages, binaries[name]);
const longestMs = 120_000;

/** The program as one module, without anything of Node. */
async function bundle(): Promise<string> {
  const build = await rolldown({
    input: fileURLToPath(new URL('./runtimeProgram.ts', import.meta.url)),
    platform: 'browser',
    transform: { define: { 'process.env.NODE_ENV': '"development"' } },
  });
  const { output } = await build.generate({ format: 'esm', codeSplitting: false });
  return output[0].code;
}

interface Stage {
  /** Holds `program.js`. */
  readonly folder: string;
  readonly code: string;
  readonly addresses: Addresses;
}

/** The line of a report among others that a runtime prints. */
const mark = 'report: ';

function reportIn(output: string): Report {
  const line = output.split('\n').find(one => one.startsWith(mark));
  if (!line) throw new Error(`It has printed no report: ${output}`);
  return JSON.parse(line.slice(mark.length)) as Report;
}

/** A program of a runtime that has files. */
async function runFile(binary: string, args: readonly string[], { folder, addresses }: Stage): Promise<Report> {
  const path = join(folder, 'main.mjs');
  const call = `console.log('${mark}' + JSON.stringify(await runProgram(${JSON.stringify(addresses)})));`;
  await writeFile(path, `import { runProgram } from './program.mjs';\n${call}\n`);
  const { stdout } = await run(binary, [...args, path], { cwd: folder, timeout: longestMs });
  return reportIn(stdout);
}

/** A Worker whose test is the program. The date is one before options of fetch were added. */
async function runWorker(compatibilityDate: string, { folder, addresses }: Stage): Promise<Report> {
  const call = `console.log('${mark}' + JSON.stringify(await runProgram(${JSON.stringify(addresses)})));`;
  const worker = `import { runProgram } from 'program';\nexport default { async test() { ${call} } };\n`;
  await writeFile(join(folder, 'worker.mjs'), worker);
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (services = [
  (name = "main", worker = .main),
  (name = "internet", network = (allow = ["private", "public"])),
]);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "worker.mjs"), (name = "program", esModule = embed "program.mjs")],
  compatibilityDate = "${compatibilityDate}",
);
`;
  await writeFile(join(folder, 'config.capnp'), config);
  const { stdout } = await run(pathOf('workerd'), ['test', 'config.capnp'], { cwd: folder, timeout: longestMs });
  return reportIn(stdout);
}

/** What older browsers and React Native lack; runs in the page before anything else. */
function takeAway(): void {
  const lack = (owner: object, ...names: string[]) => {
    for (const name of names) Reflect.deleteProperty(owner, name);
  };
  lack(globalThis, 'BroadcastChannel', 'structuredClone', 'reportError', 'scheduler', 'navigation', 'ReadableStream');
  lack(globalThis, 'TransformStream', 'WritableStream', 'CompressionStream', 'CloseEvent', 'requestIdleCallback');
  lack(Navigator.prototype, 'locks', 'userActivation');
  lack(AbortSignal, 'any', 'timeout', 'abort');
  lack(AbortSignal.prototype, 'throwIfAborted');
  lack(Crypto.prototype, 'randomUUID', 'subtle');
  lack(Promise, 'withResolvers', 'try');
  lack(URL, 'canParse', 'parse');
  lack(Array, 'fromAsync');
  lack(Object, 'groupBy');
  lack(Request.prototype, 'body', 'duplex', 'bytes');
  lack(Response, 'json');
  lack(Response.prototype, 'bytes');
  lack(Headers.prototype, 'getSetCookie');
  lack(FormData.prototype, 'get');
}

async function runPage(isOld: boolean, { code, addresses }: Stage): Promise<Report> {
  const args = '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking';
  const browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: args.split(' '),
  });
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(longestMs);
    if (isOld) await page.addInitScript(takeAway);
    const serves = { contentType: 'text/javascript', body: code };
    await page.route('**/program.mjs', route => route.fulfill(serves));
    await page.goto(`${addresses.api}/page`);
    const hasLocks = await page.evaluate(() => 'locks' in navigator && 'any' in AbortSignal);
    if (hasLocks === isOld) throw new Error('The page does not have the parts that it should have.');
    return await page.evaluate(async given => {
      const path = '/program.mjs';
      const program = (await import(path)) as typeof import('./runtimeProgram.ts');
      return program.runProgram(given);
    }, addresses);
  } finally {
    await browser.close();
  }
}

const runtimes: Readonly<Record<string, (stage: Stage) => Promise<Report>>> = {
  Node: stage => runFile(process.execPath, [], stage),
  Bun: stage => runFile(pathOf('bun'), ['run'], stage),
  Deno: stage => runFile(pathOf('deno'), ['run', '--allow-net', '--allow-env', '--no-config', '--no-lock'], stage),
  workerd: stage => runWorker('2026-10-01', stage),
  'workerd of 2023': stage => runWorker('2023-03-01', stage),
  Chromium: stage => runPage(false, stage),
  'Chromium without newer parts': stage => runPage(true, stage),
};

const print = (line: string) => void process.stdout.write(`${line}\n`);
const code = await bundle();
const folder = await mkdtemp(join(tmpdir(), 'latchkey-runtimes-'));
let [count, failed] = [0, 0];
try {
  await writeFile(join(folder, 'program.mjs'), code);
  for (const [name, start] of Object.entries(runtimes)) {
    await using server = await startRuntimeServer();
    const report = await start({ folder, code, addresses: server.addresses }).catch((error: unknown) => ({
      'it runs': String(error),
    }));
    const facts = Object.entries(report);
    const wrong = facts.filter(([, error]) => error !== null);
    for (const [fact, error] of wrong) print(`${name}: ${fact}: ${error}`);
    print(`${name}: facts=${facts.length} failed=${wrong.length}`);
    count += facts.length;
    failed += wrong.length;
  }
} finally {
  await rm(folder, { recursive: true });
}
print(`runtimes=${Object.keys(runtimes).length} facts=${count} failed=${failed}`);
if (failed > 0) process.exitCode = 1;
