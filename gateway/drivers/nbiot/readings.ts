import { SluiceError } from '../../../core/errors.ts';
import type { PathValue } from '../../../core/lwm2m/content.ts';
import type { ResolvedRecord } from '../../../core/senml/senml.ts';
import type { Sample } from '../../driver.ts';
import { type NbiotDevice, type Point, pointAt } from './nbiot-device.ts';

/** Samples of one moment. */
export interface TimedSamples {
  /** UTC. */
  readonly timeMs: number;
  readonly samples: readonly Sample[];
}

/** Before it no clock is right (as for ingest), and so far ahead a clock may be. */
const EARLIEST_MS = Date.UTC(2020, 0, 1);
const AHEAD_MS = 60_000;

/**
 * The time of a value: the device's own where it can be right. Otherwise its clock is wrong by nobody knows how much:
 * then the value has the time of its arrival, and is uncertain.
 */
export function timeOfValue(
  timeMs: number | undefined,
  nowMs: number,
): { readonly timeMs: number; readonly isUncertain: boolean } {
  if (timeMs === undefined) return { timeMs: nowMs, isUncertain: false };
  const isPossible = timeMs >= EARLIEST_MS && timeMs <= nowMs + AHEAD_MS;
  return isPossible
    ? { timeMs: Math.min(timeMs, nowMs), isUncertain: false }
    : { timeMs: nowMs, isUncertain: true };
}

/** Values of LwM2M as samples, those of one time together, the oldest first. */
export function samplesOfValues(
  device: NbiotDevice,
  values: readonly PathValue[],
  nowMs: number,
): TimedSamples[] {
  return gather(
    values.flatMap(({ path, value, timeMs }) => {
      const point = pointAt(device, path);
      const time = timeOfValue(timeMs, nowMs);
      return point ? [{ timeMs: time.timeMs, sample: point.sample(value, time.isUncertain) }] : [];
    }),
  );
}

/**
 * Records of plain SenML as samples. `base` is what the names begin with where they name the device. Records that the
 * profile does not know are left out. Throws `PAYLOAD_INVALID` where it knows none, `UNIT_UNCONVERTIBLE` where a unit
 * cannot be what the quantity is kept in.
 */
export function samplesOfRecords(
  device: NbiotDevice,
  records: readonly ResolvedRecord[],
  base: string,
  nowMs: number,
): TimedSamples[] {
  const found = records.flatMap(({ name, unit, value, timeMs }) => {
    const point = pointNamed(device, name.slice(base.length));
    if (!point || value === undefined) return [];
    const time = timeOfValue(timeMs, nowMs);
    const sample = point.sampleOfSenml(value, unit, time.isUncertain);
    if (!sample) {
      const { measurement, field, unit: canonical } = point.metric.quantity;
      throw new SluiceError('UNIT_UNCONVERTIBLE', { measurement, field, unit: canonical, given: unit });
    }
    return [{ timeMs: time.timeMs, sample }];
  });
  if (found.length === 0) {
    const known = [...device.bySenmlName.keys(), ...device.byPath.keys()].join(', ');
    const reason = `none of the records is in the profile, which has ${known}`;
    throw new SluiceError('PAYLOAD_INVALID', { reason, offset: 0, length: records.length });
  }
  return gather(found);
}

/** `moisture`, `:moisture`, `/moisture` and `/3320/0/5700` are names of one point. */
export function pointNamed(device: NbiotDevice, name: string): Point | undefined {
  const bare = name.replace(/^[:/]+/, '');
  return device.bySenmlName.get(bare) ?? device.byPath.get(`/${bare}`);
}

function gather(found: readonly { readonly timeMs: number; readonly sample: Sample }[]): TimedSamples[] {
  const byTime = new Map<number, Sample[]>();
  for (const { timeMs, sample } of found) byTime.set(timeMs, [...(byTime.get(timeMs) ?? []), sample]);
  return [...byTime]
    .sort(([one], [other]) => one - other)
    .map(([timeMs, samples]) => ({ timeMs, samples: lastOfEach(samples) }));
}

/** One metric has one value at one time: the last that the device gave. */
function lastOfEach(samples: readonly Sample[]): Sample[] {
  return [...new Map(samples.map((sample) => [sample.metric, sample])).values()];
}
