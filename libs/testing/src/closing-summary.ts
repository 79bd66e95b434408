import type { Reporter, TestModule } from 'vitest/node';

const NEEDS = /\[needs ([^\]]+)\]/;

/** Ends a run with what was left out for want of a server, loudly, and with the one line that counts. */
export default class ClosingSummary implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandled: readonly unknown[]): void {
    const counts = { passed: 0, failed: unhandled.length, skipped: 0 };
    const leftOut = new Map<string, number>();
    for (const module of modules) {
      if (module.state() === 'failed' && module.children.size === 0) counts.failed += 1; // the file itself did not load
      for (const test of module.children.allTests()) {
        const state = test.result().state;
        if (state === 'passed' || state === 'failed') counts[state] += 1;
        else counts.skipped += 1;
        const note = test.result().state === 'skipped' ? (test.result() as { note?: string }).note : undefined;
        const absent = NEEDS.exec(`${test.fullName} ${note ?? ''}`)?.[1]; // a note when it was found out in the run
        if (state === 'skipped' && absent) leftOut.set(absent, (leftOut.get(absent) ?? 0) + 1);
      }
    }
    for (const [server, tests] of leftOut) {
      process.stdout.write(`\n!!! NOT RUN: ${tests} tests need ${server}, which this machine lacks\n`);
    }
    process.stdout.write(
      `\n${counts.passed} passed, ${counts.failed} failed${counts.skipped ? `, ${counts.skipped} skipped` : ''}\n`,
    );
  }
}
