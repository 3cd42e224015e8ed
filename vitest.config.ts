import { defineConfig } from 'vitest/config';
import { LongestFirst } from './core/testing/longest-first.ts';
import { COMPILE_CACHE } from './core/testing/warm-compile-cache.ts';

// Every process that a test starts inherits it.
process.env.NODE_COMPILE_CACHE ??= COMPILE_CACHE;

export default defineConfig({
  test: {
    include: ['{core,broker,gateway,ingest,firmware-sim,deploy,dashboards}/**/*.test.ts'],
    reporters: ['default', './core/testing/closing-line-reporter.ts'],
    globalSetup: './core/testing/warm-compile-cache.ts',
    sequence: { sequencer: LongestFirst },
    // Tests wait for events, never for time to pass: this bound only ends a test that hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // Those that take long mostly wait, for the end of a lease or for a process: three of them keep the two cores of CI busy.
    maxWorkers: 3,
    // What is tested keeps nothing in its modules, so files share them: to load them anew for each costs a third of the processor time.
    isolate: false,
    // A loaded machine can upset a test of whole processes once. CI tries it again and names it: twice is a failure, once is work to do.
    retry: process.env.CI ? 1 : 0,
  },
});
