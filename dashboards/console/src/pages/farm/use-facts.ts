import type { Farm } from '../../farm.ts';
import { useAsked } from '../../use-asked.ts';
import type { JudgedReply, Placement, ThresholdsReply, WaterReply, ZonesReply } from './api.ts';
import type { Deeds } from './deeds.ts';
import type { FarmFacts } from './farm-context.ts';

const SOON_MS = 5_000;
const LATER_MS = 60_000;

/** Everything beside the readings, each asked for as often as it changes; what cannot be had is left out, and the rest shown. */
export function useFacts(
  farm: Farm,
  {
    isConnected,
    nowMs,
    deeds,
  }: { readonly isConnected: boolean; readonly nowMs: number; readonly deeds: Deeds },
): FarmFacts {
  const zones = useAsked<ZonesReply>('/api/v1/zones', LATER_MS);
  const placements = useAsked<{ placements: readonly Placement[] }>('/api/v1/placements', LATER_MS);
  const thresholds = useAsked<ThresholdsReply>(
    '/api/v1/thresholds?measurement=soil&field=moisture',
    LATER_MS,
  );
  const judged = useAsked<JudgedReply>('/api/v1/thresholds/state', SOON_MS);
  const water = useAsked<WaterReply>(`/api/v1/water?from=${startOfDay(nowMs)}`, LATER_MS);
  const gauges = [...farm.zones, ...farm.devices].flatMap((place) => place.gauges);
  return {
    isConnected,
    deeds,
    zones: zones.answer?.zones ?? [],
    placements: placements.answer?.placements ?? [],
    thresholds: thresholds.answer?.thresholds ?? [],
    judged: judged.answer?.series ?? [],
    water: water.answer?.sites ?? [],
    flows: gauges.filter(({ reading }) => reading.measurement === 'irrigation' && reading.field === 'flow'),
  };
}

/** Of the viewer's day: in the zone of the phone, but by the server's clock, for that of a phone may be wrong. */
function startOfDay(nowMs: number): number {
  return new Date(nowMs).setHours(0, 0, 0, 0);
}
