import { existsSync } from 'node:fs';
import { Session } from 'node:inspector/promises';
import { registerHooks } from 'node:module';
import { type Calls, countCalls } from './countCalls.ts';
import { createRevokingApi } from './createRevokingApi.ts';
import { sourceOf } from './sourceOf.ts';

// Counts the functions of Latchkey that run for one refused, renewed and retried query, and their files. V8 counts the
// continuation of an async function after each `await` as a call.

const goals: Readonly<Record<string, Calls>> = { urql: { functions: 150, files: 18 } };
/** The check fails above these, today's counts. Both goals are missed: what a response is has become more since they were set. */
const limits: Readonly<Record<string, Calls>> = { urql: { functions: 186, files: 28 } };

const packages = new URL('../../', import.meta.url);
const bench = new URL('bench/', packages).href;
const isCounted = (url: string) =>
  url.startsWith(packages.href) && !url.startsWith(bench) && /^[^/]+\/src\//.test(url.slice(packages.href.length));

registerHooks({
  resolve(specifier, context, nextResolve) {
    const source = sourceOf(specifier, path => existsSync(new URL(path, packages)));
    if (source === undefined) return nextResolve(specifier, context);
    return { url: new URL(source, packages).href, shortCircuit: true };
  },
});

const session = new Session();
session.connect();
await session.post('Profiler.enable');
await session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: false });

// Imported after the hooks, which resolve the packages to their sources, and after the start of the coverage.
const { createTokenManager } = await import('@latchkey/core');
const { clients } = await import('./clients.ts');

/** Taking a coverage resets the counts. */
const takeCoverage = async () => (await session.post('Profiler.takePreciseCoverage')).result;

/** The first query warms up. */
async function callsOf(client: NonNullable<(typeof clients)[string]>): Promise<Calls> {
  const api = createRevokingApi();
  const auth = createTokenManager({ renew: api.renew });
  await auth.adopt(await api.renew());
  const sendQuery = client(auth, api.fetch);
  let calls: Calls = { functions: 0, files: 0 };
  for (let query = 1; query <= 2; query++) {
    api.revoke();
    await takeCoverage();
    await sendQuery();
    calls = countCalls(await takeCoverage(), isCounted);
    if (api.refused !== query || api.accepted !== query || api.renewals !== query + 1)
      throw new Error('The query was not refused, renewed and retried exactly once.');
  }
  auth.dispose();
  return calls;
}

for (const [name, client] of Object.entries(clients)) {
  const { functions, files } = await callsOf(client);
  const [goal, limit] = [goals[name], limits[name]];
  const withGoal = (count: number, wanted: number | undefined) =>
    wanted === undefined ? `${count}` : `${count} (goal ${wanted}: ${count <= wanted ? 'met' : 'missed'})`;
  process.stdout.write(
    `${name}: functions=${withGoal(functions, goal?.functions)}, files=${withGoal(files, goal?.files)}\n`,
  );
  if (limit && (functions > limit.functions || files > limit.files)) process.exitCode = 1;
}
session.disconnect();
