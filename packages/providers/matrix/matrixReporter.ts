import { DefaultReporter, type SerializedError, type TestModule, type TestRunEndReason } from 'vitest/node';

/** Ends the report with one line for whoever counts: a case that did not pass, for whatever reason, has failed. A default export, because vitest loads it by its path. */
export default class MatrixReporter extends DefaultReporter {
  override onTestRunEnd(
    modules: readonly TestModule[],
    errors: readonly SerializedError[],
    reason: TestRunEndReason,
  ): void {
    super.onTestRunEnd(modules, errors, reason);
    const cases = modules.flatMap(module => [...module.children.allTests()]);
    const failed = cases.filter(one => one.result().state !== 'passed').length;
    const troubles = errors.length + modules.flatMap(module => module.errors()).length;
    process.stdout.write(`cases=${cases.length} failed=${failed + troubles}\n`);
  }
}
