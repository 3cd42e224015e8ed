import type { CataloguedMetric } from '../../farm.ts';

/** Less than this is what a meter shows of water that stands. */
export const RUNNING_L_PER_MIN = 1;
/** A long line fills before its meter turns. */
export const FLOW_WITHIN_MS = 30_000;

export type FlowAnswer =
  | { readonly kind: 'no-meter' }
  | { readonly kind: 'waiting' }
  | {
      readonly kind: 'flowing';
      readonly lPerMin: number;
      readonly afterMs: number;
      readonly wasRunning: boolean;
    }
  | { readonly kind: 'none'; readonly afterMs: number };

/** The meter that would see a valve's water: of its zone, else of its gateway; undefined where several might. */
export function meterOf(
  valve: CataloguedMetric,
  flows: readonly CataloguedMetric[],
): CataloguedMetric | undefined {
  const { site, gateway, zone } = valve.reading.tags;
  const near = flows.filter(({ reading: { tags } }) => tags.site === site && tags.gateway === gateway);
  const own = near.filter(({ reading: { tags } }) => tags.zone !== undefined && tags.zone === zone);
  const common = near.filter(({ reading: { tags } }) => tags.zone === undefined);
  const found = own.length > 0 ? own : common;
  return found.length === 1 ? found[0] : undefined;
}

/** Whether the water answers a valve that was opened at `openedMs`. Only a value from after that says anything. Times by the server's clock. */
export function flowAnswer(
  meter: CataloguedMetric | undefined,
  {
    openedMs,
    beforeLPerMin,
    nowMs,
  }: { readonly openedMs: number; readonly beforeLPerMin: number; readonly nowMs: number },
): FlowAnswer {
  if (!meter) return { kind: 'no-meter' };
  const { timeMs, value } = meter.reading;
  const isCurrent = meter.condition === 'good' || meter.condition === 'uncertain';
  if (isCurrent && timeMs > openedMs && Number(value) >= RUNNING_L_PER_MIN) {
    const wasRunning = beforeLPerMin >= RUNNING_L_PER_MIN;
    return { kind: 'flowing', lPerMin: Number(value), afterMs: timeMs - openedMs, wasRunning };
  }
  const afterMs = nowMs - openedMs;
  return afterMs < FLOW_WITHIN_MS ? { kind: 'waiting' } : { kind: 'none', afterMs };
}
