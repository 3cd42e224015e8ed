import { CLOCK_STATES, type ClockState, clockOf, packStatus, type Quality, qualityOf } from '../reading.ts';
import type { PropertyValue } from './payload.ts';

/**
 * Quality and clock beside a value. The property `Quality` may only be 0 (bad), 192 (good) or 500 (stale)
 * (tck-id-payloads-propertyset-quality-value-value); stale is how `uncertain` travels. `clock` is ours.
 * Good and synced, the usual case, sends nothing.
 */
const QUALITY_CODES: Record<Quality, number> = { bad: 0, good: 192, uncertain: 500 };

export function statusProperties(status: number): Record<string, PropertyValue> | undefined {
  if (status === 0) return undefined;
  const quality = qualityOf(status);
  const clock = clockOf(status);
  return {
    ...(quality === 'good' ? {} : { Quality: QUALITY_CODES[quality] }),
    ...(clock === 'synced' ? {} : { clock }),
  };
}

/** Codes of other makers between bad and good (OPC uses 64 to 191) count as uncertain. */
export function statusOf(properties: Readonly<Record<string, PropertyValue>> | undefined): number {
  if (!properties) return 0;
  const code = properties.Quality;
  let quality: Quality = 'good';
  if (typeof code === 'number' && code !== QUALITY_CODES.good) {
    quality = code < 64 ? 'bad' : 'uncertain';
  }
  const clock = CLOCK_STATES.includes(properties.clock as ClockState)
    ? (properties.clock as ClockState)
    : 'synced';
  return packStatus(quality, clock);
}
