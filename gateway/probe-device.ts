import type { Clock } from '../core/clock.ts';
import { asSluiceError } from '../core/errors.ts';
import { type EventReason, eventReason } from '../core/gateway-event.ts';
import { formatMetricName } from '../core/sparkplug/metric-name.ts';
import type { Driver, Outcome, TraceLine } from './driver.ts';

/** What a device said when it was talked to once. */
export interface ProbeReport {
  readonly device: string;
  readonly lines: readonly ProbeLine[];
  readonly readings: readonly ProbeReading[];
  /** What went wrong, each kind once. */
  readonly errors: readonly EventReason[];
}

export interface ProbeLine {
  /** Since the probe began. */
  readonly afterMs: number;
  readonly direction: TraceLine['direction'];
  /** Of the bytes on the wire, two digits each, with a space between them; empty for a note. */
  readonly hex: string;
  readonly text: string;
}

export interface ProbeReading {
  readonly metric: string;
  readonly value: number | boolean | string | null;
  /** Canonical; empty for states and counts. */
  readonly unit: string;
  readonly quality: string;
}

/** Lines past this are left out: a probe is for eyes, and its answer may travel over a radio link. */
const MOST_LINES = 500;

/**
 * Asks every group of a device once and reports what went over the wire meanwhile, that of its neighbours on the same
 * line included. `setTrace` turns the driver's tracing on, and off again with `undefined`.
 */
export async function probeDevice(
  driver: Driver,
  device: string,
  clock: Clock,
  signal: AbortSignal,
  setTrace: (trace: ((line: TraceLine) => void) | undefined) => void,
): Promise<ProbeReport> {
  const lines: ProbeLine[] = [];
  const startedMs = clock.monotonicMs();
  setTrace(({ direction, bytes, text }) => {
    if (lines.length >= MOST_LINES) return;
    const hex = bytes ? (Buffer.from(bytes).toString('hex').match(/../g)?.join(' ') ?? '') : '';
    lines.push({ afterMs: Math.round(clock.monotonicMs() - startedMs), direction, hex, text });
  });
  const readings: ProbeReading[] = [];
  const errors = new Map<string, EventReason>();
  try {
    const groups = driver.devices.find(({ id }) => id === device)?.groups ?? [];
    for (const { id: group } of groups) {
      const outcome = await polled(driver, device, group, signal);
      readings.push(...readingsOf(outcome));
      if (outcome?.error) errors.set(outcome.error.code, eventReason(outcome.error));
    }
  } finally {
    setTrace(undefined);
  }
  return { device, lines, readings, errors: [...errors.values()] };
}

async function polled(
  driver: Driver,
  device: string,
  group: string,
  signal: AbortSignal,
): Promise<Pick<Outcome, 'samples' | 'error'> | undefined> {
  try {
    return await driver.poll?.(device, group, signal);
  } catch (thrown) {
    return { samples: [], error: asSluiceError(thrown) };
  }
}

export function readingsOf(outcome: Pick<Outcome, 'samples'> | undefined): ProbeReading[] {
  return (outcome?.samples ?? []).map(({ metric: { quantity, point }, value, quality }) => ({
    metric: formatMetricName({ measurement: quantity.measurement, field: quantity.field, point }),
    value,
    unit: quantity.unit,
    quality,
  }));
}
