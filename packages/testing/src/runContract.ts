import { fileURLToPath } from 'node:url';
import { type Reporter, startVitest, type TestModule } from 'vitest/node';
import { contractLine, type Fact } from './contractLine.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const files = ['apollo', 'apollo3', 'urql', 'fetch'].map(name => `src/${name}.test.ts`);

/** A file that cannot be loaded has no tests: it is one that failed. */
function factsOf(module: TestModule): Fact[] {
  if (module.errors().length > 0) return [{ state: 'failed' }];
  return [...module.children.allTests()].map(test => {
    const { state } = test.result();
    return { state: state === 'pending' ? 'skipped' : state, adapter: test.meta().adapter };
  });
}

const facts: Fact[] = [];
const collecting: Reporter = { onTestModuleEnd: module => void facts.push(...factsOf(module)) };

/** Runs the contract of adapters over each version of each client. */
const vitest = await startVitest('test', files, {
  root,
  watch: false,
  slowTestThreshold: 60_000,
  reporters: ['default', collecting],
});
const hasErrors = vitest.state.getUnhandledErrors().length > 0;
await vitest.close();
if (hasErrors || facts.length === 0 || facts.some(({ state }) => state !== 'passed')) process.exitCode = 1;
process.stdout.write(`${contractLine(facts)}\n`);
