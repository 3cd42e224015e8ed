import { type DeviceSpec, GATEWAY_ITSELF, type MetricSpec, type Outcome, type Sample } from '../../driver.ts';
import { ownMetric } from '../own-metric.ts';

/** What a bus counts, since the start. */
export interface BusCounts {
  /** Requests sent, with those that were sent again. */
  transactions: number;
  retries: number;
  /** Answers that could not be used, for whatever reason; and those of them whose checksum was wrong. */
  errors: number;
  checksumErrors: number;
  timeouts: number;
  answers: number;
  turnaroundMs: number;
  /** Time in which no other request could be sent: frames, waiting for answers, silence between. */
  busyMs: number;
}

export function noCounts(): BusCounts {
  return {
    transactions: 0,
    retries: 0,
    errors: 0,
    checksumErrors: 0,
    timeouts: 0,
    answers: 0,
    turnaroundMs: 0,
    busyMs: 0,
  };
}

const HEALTH_EVERY_MS = 10_000;

/** How a bus is doing, as readings of the gateway with the bus as their point. */
export class BusHealth {
  readonly spec: DeviceSpec;
  readonly #load: MetricSpec;
  readonly #turnaround: MetricSpec;
  readonly #counters: readonly (readonly [MetricSpec, keyof BusCounts])[];
  #before = { answers: 0, turnaroundMs: 0, busyMs: 0, atMs: 0 };

  constructor(bus: string, nowMs: number) {
    this.#before.atMs = nowMs;
    const metric = (field: string) => ownMetric('gateway', field, { point: bus });
    this.#load = metric('bus_load');
    this.#turnaround = metric('turnaround');
    this.#counters = [
      [metric('bus_errors'), 'errors'],
      [metric('bus_crc_errors'), 'checksumErrors'],
      [metric('bus_timeouts'), 'timeouts'],
      [metric('bus_retries'), 'retries'],
    ];
    const metrics = [this.#load, this.#turnaround, ...this.#counters.map(([counter]) => counter)];
    this.spec = { id: GATEWAY_ITSELF, metrics, groups: [{ id: bus, everyMs: HEALTH_EVERY_MS }] };
  }

  /** Load and turnaround are those since the last report; `nowMs` is monotonic, `timeMs` UTC. */
  report(counts: Readonly<BusCounts>, nowMs: number, timeMs: number): Outcome {
    const samples = this.#counters.map(
      ([metric, name]): Sample => ({ metric, value: counts[name], quality: 'good' }),
    );
    const { answers, turnaroundMs, busyMs, atMs } = this.#before;
    if (counts.answers > answers) {
      const meanMs = (counts.turnaroundMs - turnaroundMs) / (counts.answers - answers);
      samples.push({ metric: this.#turnaround, value: meanMs, quality: 'good' });
    }
    if (nowMs > atMs) {
      const load = Math.min(100, (100 * (counts.busyMs - busyMs)) / (nowMs - atMs));
      samples.push({ metric: this.#load, value: load, quality: 'good' });
    }
    this.#before = {
      answers: counts.answers,
      turnaroundMs: counts.turnaroundMs,
      busyMs: counts.busyMs,
      atMs: nowMs,
    };
    return { device: GATEWAY_ITSELF, timeMs, isReached: true, samples };
  }
}
