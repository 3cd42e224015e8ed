import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['{core,broker,gateway,ingest,firmware-sim,deploy,dashboards}/**/*.test.ts'],
    reporters: ['default', './core/testing/closing-line-reporter.ts'],
    // Tests wait for events, never for time to pass: this bound only ends a test that hangs.
    testTimeout: 600_000,
    hookTimeout: 600_000,
    // The end-to-end tests start several processes each; more than two at once would measure the machine.
    maxWorkers: 2,
    // A loaded machine can upset a test of whole processes once. CI tries it again and names it: twice is a failure, once is work to do.
    retry: process.env.CI ? 1 : 0,
  },
});
