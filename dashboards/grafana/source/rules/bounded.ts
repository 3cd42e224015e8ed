import type { Quantity } from '../../../../core/quantities.ts';
import { quantity } from '../unit-of.ts';

/** What thresholds are judged of in Grafana, and the panel that shows it. Sluice's own alert engine judges every quantity. */
export interface Bounded {
  readonly quantity: Quantity;
  readonly sides: readonly ('low' | 'high')[];
  readonly dashboard: string;
  readonly panel: number;
}

const of = (
  name: readonly [string, string],
  sides: Bounded['sides'],
  dashboard: string,
  panel: number,
): Bounded => ({ quantity: quantity(...name), sides, dashboard, panel });

export const BOUNDED: readonly Bounded[] = [
  of(['soil', 'moisture'], ['low', 'high'], 'sluice-zone', 1),
  of(['soil', 'temperature'], ['low', 'high'], 'sluice-zone', 8),
  of(['soil', 'ec'], ['low', 'high'], 'sluice-zone', 9),
  of(['irrigation', 'flow'], ['high'], 'sluice-zone', 3),
  of(['irrigation', 'pressure'], ['low'], 'sluice-zone', 4),
  of(['weather', 'air_temperature'], ['low', 'high'], 'sluice-weather', 5),
  of(['weather', 'humidity'], ['high'], 'sluice-weather', 6),
  of(['weather', 'wind_speed'], ['high'], 'sluice-weather', 9),
  of(['power', 'battery_level'], ['low'], 'sluice-devices', 2),
];
