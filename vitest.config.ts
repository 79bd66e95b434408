import { defineConfig } from 'vitest/config';
import { LongestFirst } from './libs/testing/src/run/longest-first.ts';

export default defineConfig({
  test: {
    include: ['libs/**/src/**/*.spec.ts', 'libs/**/test/**/*.spec.ts', 'apps/*/{src,test}/**/*.spec.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    pool: 'forks',
    maxWorkers: 2,
    globalSetup: './libs/testing/src/run/setup.ts',
    sequence: { sequencer: LongestFirst },
    testTimeout: 30_000,
    hookTimeout: 60_000,
    teardownTimeout: 10_000,
    reporters: ['default', './libs/testing/src/closing-summary.ts'],
  },
});
