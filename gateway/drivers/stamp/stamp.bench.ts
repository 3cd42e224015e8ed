import { type ChildProcess, spawn } from 'node:child_process';
import { checkConfig } from '../../../core/config.ts';
import type { LoopChoice } from '../../../core/datagrams/create-datagram-loop.ts';
import { startLoopWorker } from '../../../core/datagrams/start-loop-worker.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import type { Measurement } from '../../../core/testing/median-of-three.ts';
import { StampReflectorConfig } from './config.ts';
import type { FromReflector, ReflectorSetup, ToReflector } from './reflector-thread.ts';
import type { BenchResult, BenchSetup } from './testing/bench-sender.ts';

const PROBES = 2_000;
const EVERY_MS = 2;
const LIMIT_MS = 60_000;

interface Run extends BenchResult {
  /** Of this process, both threads, during the run. */
  readonly cpuUsPerProbe: number;
}

/** Round trips on loopback between a sender and the reflector in a thread each, 500 probes/s, with and without one core kept busy. */
export async function benchStamp(): Promise<Measurement[]> {
  const measurements: Measurement[] = [];
  for (const isBusy of [false, true])
    for (const choice of ['kernel', 'dgram'] as const) {
      const busy = isBusy ? spawn(process.execPath, ['-e', 'for(;;);'], { stdio: 'ignore' }) : undefined;
      try {
        measurements.push(...(await measure(choice, isBusy)));
      } finally {
        await end(busy);
      }
    }
  return measurements;
}

async function end(child: ChildProcess | undefined): Promise<void> {
  if (!child) return;
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await ended;
}

async function measure(choice: LoopChoice, isBusy: boolean): Promise<Measurement[]> {
  const runs = [await run(choice), await run(choice), await run(choice)];
  const what = `STAMP on loopback, ${choice}${isBusy ? ', one core busy' : ''}`;
  const peakMemoryMB = Math.round(process.memoryUsage.rss() / 1e6);
  const line = (name: string, unit: string, figure: (one: Run) => number): Measurement => {
    const figures = runs.map(figure);
    return {
      what: `${what}: ${name}`,
      unit,
      runs: figures,
      median: at(
        figures.toSorted((a, b) => a - b),
        0.5,
      ),
      peakMemoryMB,
    };
  };
  return [
    line('round trip, median', 'µs', ({ roundTrip }) => us(at(roundTrip, 0.5))),
    line('round trip, p99', 'µs', ({ roundTrip }) => us(at(roundTrip, 0.99))),
    line('round trip with the reflector’s time, median', 'µs', ({ withDwell }) => us(at(withDwell, 0.5))),
    line('sent after it was due, median', 'µs', ({ lateness }) => us(at(lateness, 0.5))),
    line('sent after it was due, p99', 'µs', ({ lateness }) => us(at(lateness, 0.99))),
    line('answered', '%', ({ roundTrip }) => (100 * roundTrip.length) / PROBES),
    line('processor time per probe, sender and reflector', 'µs', ({ cpuUsPerProbe }) =>
      Math.round(cpuUsPerProbe),
    ),
  ];
}

async function run(choice: LoopChoice): Promise<Run> {
  const port = await freePort();
  const reflectorData: ReflectorSetup = {
    config: checkConfig(StampReflectorConfig, { driver: 'stamp-reflector', port }),
    allowed: ['127.0.0.1'],
  };
  const nothing = () => {};
  const reflector = await startLoopWorker<ToReflector, FromReflector>(
    new URL('./reflector-thread.ts', import.meta.url),
    { name: 'reflector', choice, data: reflectorData, message: nothing, failed: nothing },
  );
  const data: BenchSetup = { port, probes: PROBES, everyMs: EVERY_MS };
  // From when both threads are there: to load what they run takes longer than a thousand probes.
  let before = process.cpuUsage();
  const file = new URL('./testing/bench-sender.ts', import.meta.url);
  let sender: { stop(): Promise<void> } | undefined;
  const result = await new Promise<BenchResult>((resolve, reject) => {
    const late = setTimeout(() => reject(new Error('the sender told nothing')), LIMIT_MS);
    const told = (message: BenchResult) => {
      clearTimeout(late);
      resolve(message);
    };
    const options = { name: 'sender', choice, data, message: told, failed: reject };
    startLoopWorker<never, BenchResult>(file, options).then((worker) => {
      sender = worker;
      before = process.cpuUsage();
    }, reject);
  }).finally(() => Promise.all([sender?.stop(), reflector.stop()]));
  const { user, system } = process.cpuUsage(before);
  return { ...result, cpuUsPerProbe: (user + system) / PROBES };
}

function at(ascending: readonly number[], quantile: number): number {
  return ascending[Math.min(ascending.length - 1, Math.floor(quantile * ascending.length))] ?? Number.NaN;
}

function us(ms: number): number {
  return Math.round(ms * 1_000);
}
