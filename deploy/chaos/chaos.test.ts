import { expect, test } from 'vitest';
import { describeWith } from '../../core/testing/needs.ts';
import { RunningProcess } from '../e2e/process.ts';

/*
 * A short run of `npm run chaos`, whose longer ones find more. What it does is at the top of `main.ts`.
 */
const LIMIT_MS = 900_000;

async function chaos(...options: readonly string[]): Promise<{ exit: number | string; output: string }> {
  const run = new RunningProcess('deploy/chaos/main.ts', options);
  const exit = await run.exited();
  return { exit, output: run.output };
}

test(
  'whatever is killed, frozen, torn or full: the embedded store has everything once, as it was',
  async () => {
    const { exit, output } = await chaos('--minutes', '0.2', '--seed', '1', '--store', 'embedded');
    expect(exit, output).toBe(0);
    expect(output).toMatch(/\d+ faults: .*kill/);
    expect(output).toMatch(/missing 0, extra 0, changed 0/);
  },
  LIMIT_MS,
);

test(
  'without the ledger the same run finds what is missing',
  async () => {
    const { exit, output } = await chaos(
      ...['--minutes', '0.1', '--seed', '5', '--store', 'embedded', '--ledger', 'off'],
    );
    expect(exit, output).toBe(1);
    expect(output).toMatch(/FAULT shed-\d: answered and not in the store/);
  },
  LIMIT_MS,
);

test('a wrong option is named', async () => {
  const { exit, output } = await chaos('--store', 'paper');
  expect(exit).toBe(78);
  expect(output).toContain('--store paper: embedded or influx');
});

describeWith('influxd')('with InfluxDB', () => {
  test(
    'which is broken as well, the store has everything once, as it was',
    async () => {
      const { exit, output } = await chaos('--minutes', '0.3', '--seed', '3');
      expect(exit, output).toBe(0);
      expect(output).toMatch(/missing 0, extra 0, changed 0/);
    },
    LIMIT_MS,
  );
});
