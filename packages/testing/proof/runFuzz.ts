import { spawn } from 'node:child_process';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { FuzzClient } from './fuzzClient.ts';
import { useVersion } from './useVersion.ts';

// Sends random answers to each client, with its adapter and without, and compares the results:
// `pnpm --filter @latchkey/testing run fuzz --answers 1000`.

const { values } = parseArgs({
  args: process.argv.slice(2).filter(argument => argument !== '--'),
  options: {
    /** For each client. */
    answers: { type: 'string', default: '20000' },
    seed: { type: 'string' },
    /** `apollo`, `apollo3`, `urql`, `urql5` or `fetch`; without it all, two at a time. */
    client: { type: 'string' },
    /** The number of one script. */
    only: { type: 'string' },
  },
});
const seed = values.seed === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(values.seed);
const print = (line: string) => void process.stdout.write(`${line}\n`);

const counts = ['differences', 'hangs', 'twice'] as const;
const kinds = { differences: 'difference', hangs: 'hang', twice: 'twice' } as const;

/** So many violations are printed. */
const shown = 3;

/** Some answers make the clients themselves throw where nobody catches, with an adapter and without. */
function ignoreClients(): void {
  Error.stackTraceLimit = 0; // stacks are not compared, and they cost time
  process.on('uncaughtException', () => {});
  process.on('unhandledRejection', () => {});
  console.warn = () => {}; // urql warns of JSON that is sent as text
}

async function fuzzOne(name: string): Promise<void> {
  useVersion(name);
  const [{ clients }, { fuzz, shrink }] = await Promise.all([import('./clients.ts'), import('./fuzz.ts')]);
  const client = clients.find(one => one.name === name) as FuzzClient;
  ignoreClients();
  const only = values.only === undefined ? undefined : Number(values.only);
  const { answers, retried, once, violations } = await fuzz({ client, seed, answers: Number(values.answers), only });
  for (const [index, { kind, detail }] of [...violations].slice(0, shown)) {
    print(`${kind}: ${detail}`);
    print(JSON.stringify((await shrink(client, seed, index)) ?? 'Only among others.'));
    print(`Run it again: node proof/runFuzz.ts --client ${name} --seed ${seed} --only ${index}`);
  }
  const found = [...violations.values()];
  const line = counts.map(count => `${count}=${found.filter(({ kind }) => kind === kinds[count]).length}`).join(' ');
  print(`${name} ${client.version}: seed=${seed} retried=${retried} once=${once} answers=${answers} ${line}`);
  process.exit(found.length > 0 ? 1 : 0); // what was aborted may still be open
}

/** Each client in a process of its own, because each has versions of its own. */
async function runInProcess(name: string): Promise<string> {
  const args = [fileURLToPath(import.meta.url), '--client', name, '--seed', String(seed), '--answers', values.answers];
  const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const output = await text(child.stdout);
  print(output.trimEnd());
  return output;
}

const countIn = (output: string, name: string) =>
  Number(new RegExp(`^\\w+ [\\d.]+: .*\\b${name}=(\\d+)`, 'm').exec(output)?.[1] ?? Number.NaN);

async function fuzzAll(): Promise<void> {
  print(`seed=${seed}`);
  const waiting = ['apollo', 'apollo3', 'urql', 'urql5', 'fetch'];
  const outputs: string[] = [];
  async function work(): Promise<void> {
    for (let name = waiting.shift(); name; name = waiting.shift()) outputs.push(await runInProcess(name));
  }
  await Promise.all([work(), work()]);
  const line = ['answers', ...counts].map(name => [
    name,
    outputs.reduce((sum, output) => sum + countIn(output, name), 0),
  ]);
  print(line.map(([name, sum]) => `${name}=${sum}`).join(' '));
  if (line.slice(1).some(([, sum]) => sum !== 0)) process.exitCode = 1; // also where a process has ended without its line
}

await (values.client ? fuzzOne(values.client) : fuzzAll());
