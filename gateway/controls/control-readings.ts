import type { Clock } from '../../core/clock.ts';
import { findQuantity } from '../../core/quantities.ts';
import { formatMetricName } from '../../core/sparkplug/metric-name.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { type DeviceSpec, type Driver, GATEWAY_ITSELF, type MetricSpec, type Outcome } from '../driver.ts';
import type { ActuatorState } from './actuator-state.ts';
import type { ControlledPoint } from './controlled-points.ts';
import type { LineWatch } from './line-watch.ts';

const LEASE_STEP_S = 5;
const LONGEST_SILENCE_MS = 600_000;
const LOCKS_EVERY_MS = 10_000;

/**
 * What the controls know, as readings: how long a point stays open, beside the point itself and under its zone, and for
 * each line whether it is locked. Writing 0 to a lock acknowledges it.
 */
export class ControlReadings implements Driver {
  /** The locks of the lines, as points of the gateway itself. */
  readonly devices: readonly DeviceSpec[];
  /** Lease times, which go out with the messages of the devices that have the points. */
  readonly leases: readonly DeviceSpec[];
  readonly #clock: Clock;
  readonly #stateOf: (point: ControlledPoint) => ActuatorState;
  readonly #leaseOf: ReadonlyMap<ControlledPoint, MetricSpec>;
  readonly #lockOf: ReadonlyMap<LineWatch, MetricSpec>;

  constructor(
    points: readonly ControlledPoint[],
    watches: readonly LineWatch[],
    stateOf: (point: ControlledPoint) => ActuatorState,
    clock: Clock,
  ) {
    this.#clock = clock;
    this.#stateOf = stateOf;
    this.#leaseOf = new Map(firstOfName(points).map((point) => [point, leaseMetric(point)]));
    this.#lockOf = new Map(watches.map((watch) => [watch, lockMetric(watch.line.id)]));
    this.leases = [...this.#leaseOf].map(([{ device: id }, metric]) => ({
      id,
      metrics: [metric],
      groups: [],
    }));
    const groups = watches.length > 0 ? [{ id: 'locks', everyMs: LOCKS_EVERY_MS }] : [];
    this.devices = [{ id: GATEWAY_ITSELF, metrics: [...this.#lockOf.values()], groups }];
  }

  /** The line whose lock it is. */
  watchOf(device: string, metricName: string): LineWatch | undefined {
    if (device !== GATEWAY_ITSELF) return undefined;
    return [...this.#lockOf].find(([, { quantity, point }]) => {
      return formatMetricName({ ...quantity, point }) === metricName;
    })?.[0];
  }

  addTo(outcome: Outcome): Outcome {
    if (!outcome.isReached) return outcome;
    const nowMs = this.#clock.monotonicMs();
    const samples = [...this.#leaseOf]
      .filter(([{ device }]) => device === outcome.device)
      .map(([point, metric]) => {
        const { lease } = this.#stateOf(point);
        const leftS = lease ? Math.max(0, lease.endsAtMs - nowMs) / 1_000 : 0;
        const value = Math.ceil(leftS / LEASE_STEP_S) * LEASE_STEP_S;
        return { metric, value, quality: 'good' as const };
      });
    return samples.length === 0 ? outcome : { ...outcome, samples: [...outcome.samples, ...samples] };
  }

  locks(): Outcome {
    const samples = [...this.#lockOf].map(([watch, metric]) => {
      return { metric, value: watch.isLocked ? 1 : 0, quality: 'good' as const };
    });
    return { device: GATEWAY_ITSELF, timeMs: this.#clock.nowMs(), isReached: true, samples };
  }

  async poll(): Promise<Outcome> {
    return this.locks();
  }

  async stop(): Promise<void> {}
}

/** A valve and a pump of one device may share the name of their point; the first has the reading. */
function firstOfName(points: readonly ControlledPoint[]): readonly ControlledPoint[] {
  return points.filter(({ device, metric }, index) => {
    const same = (other: ControlledPoint) => other.device === device && other.metric.point === metric.point;
    return points.findIndex(same) === index;
  });
}

function leaseMetric({ metric }: ControlledPoint): MetricSpec {
  return {
    quantity: findQuantity('irrigation', 'lease_remaining')!,
    point: metric.point,
    zone: metric.zone,
    link: '',
    class: '',
    dataType: DATA_TYPES.Int32,
    report: { deadBand: 0, longestSilenceMs: LONGEST_SILENCE_MS },
  };
}

function lockMetric(line: string): MetricSpec {
  return {
    quantity: findQuantity('irrigation', 'interlock')!,
    point: line,
    zone: '',
    link: '',
    class: '',
    dataType: DATA_TYPES.Int32,
    report: { deadBand: 0, longestSilenceMs: LONGEST_SILENCE_MS },
    write: { role: 'setting', safeValue: 0, min: 0, max: 0, hasDeviceTimer: false },
  };
}
