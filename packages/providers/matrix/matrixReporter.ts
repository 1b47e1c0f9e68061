import { DefaultReporter, type SerializedError, type TestModule, type TestRunEndReason } from 'vitest/node';

/**
 * Ends the report with one line for programs that count: a case that has not passed, for whatever reason, has failed.
 * A default export, because vitest loads it by its path.
 */
export default class MatrixReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason);
    const cases = modules.flatMap(module => [...module.children.allTests()]);
    const failed = cases.filter(test => test.result().state !== 'passed').length;
    const otherErrors = errors.length + modules.flatMap(module => module.errors()).length;
    process.stdout.write(`cases=${cases.length} failed=${failed + otherErrors}\n`);
  }
}
