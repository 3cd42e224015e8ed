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
    // The end-to-end tests start several processes each; more than two at once would measure the machine. Each file has a process of
    // its own: where files shared one, a socket that one had left hung another that counts them.
    maxWorkers: 2,
    // A loaded machine can upset a test of whole processes once. CI tries it again and names it: twice is a failure, once is work to do.
    retry: process.env.CI ? 1 : 0,
  },
});
