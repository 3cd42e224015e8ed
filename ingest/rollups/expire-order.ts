import type { ExpireOrder } from '../stores/upkeep.ts';
import type { RetentionConfig } from './config.ts';

const DAY_MS = 86_400_000;

/** Carriers settle accounts by its records, which no roll-up can stand for: they go only where that was said of them by name. */
export const KEPT_UNLESS_NAMED = 'link';

/** For how many days the readings of a measurement are kept; 0 is for ever. */
export function rawDaysOf({ rawDays, measurements }: RetentionConfig, measurement: string): number {
  return measurements[measurement]?.rawDays ?? (measurement === KEPT_UNLESS_NAMED ? 0 : rawDays);
}

/**
 * What is to be deleted of a measurement. Days are counted back from its newest readings and not from this clock,
 * which may have jumped ahead: `newestMs` has the newest time of each series. Of these the newest tenth is left out, so
 * that neither can a few devices with wrong clocks delete what the others have measured. Undefined where nothing is.
 */
export function expireOrder(
  config: RetentionConfig,
  measurement: string,
  newestMs: readonly number[],
  nowMs: number,
): ExpireOrder | undefined {
  const { minuteDays, hourDays } = { ...config, ...config.measurements[measurement] };
  const rawDays = rawDaysOf(config, measurement);
  const inOrder = newestMs.toSorted((a, b) => b - a);
  const typicalMs = inOrder[Math.floor(inOrder.length / 10)];
  if (typicalMs === undefined) return undefined;
  const endMs = Math.min(nowMs, typicalMs);
  const before = (days: number) =>
    days === Number.POSITIVE_INFINITY ? undefined : Math.floor(endMs / DAY_MS - days) * DAY_MS;
  const [raw, minute, hour] = [rawDays, minuteDays, hourDays].map(
    (one) => one || Number.POSITIVE_INFINITY,
  ) as [number, number, number];
  // What is made of readings is not thrown away before them: nothing would be left of the time between.
  const minuteKept = Math.max(raw, minute);
  const hourKept = Math.max(minuteKept, hour);
  if (raw === Number.POSITIVE_INFINITY) return undefined;
  return { measurement, rawMs: before(raw), minuteMs: before(minuteKept), hourMs: before(hourKept) };
}
