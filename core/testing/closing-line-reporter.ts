import { writeFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';

/**
 * Closes a run with one plain line, `N passed, N failed, N skipped`, that other programs can read. Before it stands one for each test
 * that passed only when it was tried again, with what was wrong the first time, so that none hides.
 *
 * Into the file that `SLUICE_FAILED_FILES` names come the failed files, one a line, for a second try of each as a whole; none where
 * one of them may have no second try.
 */
export default class ClosingLineReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const counts = { passed: 0, failed: 0, skipped: 0 };
    const failed = modules.filter((module) => module.state() === 'failed');
    const { SLUICE_FAILED_FILES: list } = process.env;
    if (list && !failed.some(isFinal))
      writeFileSync(list, failed.map(({ relativeModuleId }) => `${relativeModuleId}\n`).join(''));
    for (const module of modules) {
      let ofModule = 0;
      for (const test of module.children.allTests()) {
        const { state, errors } = test.result();
        if (state !== 'pending') counts[state]++;
        if (test.diagnostic()?.flaky)
          process.stdout.write(
            `passed only when tried again: ${module.relativeModuleId}: ${test.fullName}\n` +
              `${errors?.[0]?.stack ?? 'for a reason that is not known'}\n`,
          );
        ofModule++;
      }
      // A file that could not be loaded has no tests to count, and must not vanish.
      if (ofModule === 0 && module.state() === 'failed') counts.failed++;
    }
    process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
  }
}

/** A test of safety says `retry: 0`. */
function isFinal({ children }: TestModule): boolean {
  return [...children.allTests('failed')].some(({ options }) => options.retry === 0);
}
