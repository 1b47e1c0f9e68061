import { fileURLToPath } from 'node:url';
import { type Reporter, startVitest, type TestModule } from 'vitest/node';
import type { Fact } from './contractLine.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** A file that cannot be loaded has no tests: it is one that failed. */
function factsOf(module: TestModule): Fact[] {
  if (module.errors().length > 0) return [{ state: 'failed' }];
  return [...module.children.allTests()].map(test => {
    const { state } = test.result();
    return { ...test.meta(), state: state === 'pending' ? 'skipped' : state };
  });
}

/** Runs these tests over each version of each client. Where one does not pass, the process ends with status 1. */
export async function collectFacts(files: readonly string[]): Promise<readonly Fact[]> {
  const facts: Fact[] = [];
  const collecting: Reporter = { onTestModuleEnd: module => void facts.push(...factsOf(module)) };
  const vitest = await startVitest(
    'test',
    files.map(name => `src/${name}.test.ts`),
    { root, watch: false, slowTestThreshold: 60_000, reporters: ['default', collecting] },
  );
  const hasErrors = vitest.state.getUnhandledErrors().length > 0;
  await vitest.close();
  if (hasErrors || facts.length === 0 || facts.some(({ state }) => state !== 'passed')) process.exitCode = 1;
  return facts;
}
