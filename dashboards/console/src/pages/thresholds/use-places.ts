import { useMemo } from 'preact/hooks';
import type { Quantity } from '../../../../../core/quantities.ts';
import { useConsole } from '../../console.ts';
import { type Asked, useAsked } from '../../use-asked.ts';
import type { KnownZone, SeriesName } from './api.ts';
import type { Describing } from './describe.ts';
import { type Places, placesOf } from './scope.ts';

const NONE: readonly never[] = [];

/** What sentences and pickers need to know: quantities, zones, and which series exist. */
export interface Known {
  readonly quantities: Asked<{ readonly quantities: readonly Quantity[] }>;
  /** Whether every answer is here: a picker that lacks what exists would be wrong. */
  readonly isWhole: boolean;
  readonly places: Places;
  readonly on: Describing;
}

export function useKnown(): Known {
  const { locale } = useConsole();
  const quantities = useAsked<{ readonly quantities: readonly Quantity[] }>('/api/v1/quantities');
  const zones = useAsked<{ readonly zones: readonly KnownZone[] }>('/api/v1/zones');
  const series = useAsked<{ readonly series: readonly SeriesName[] }>('/api/v1/series');
  const places = useMemo(
    () => placesOf(zones.answer?.zones ?? NONE, series.answer?.series ?? NONE),
    [zones.answer, series.answer],
  );
  const all = quantities.answer?.quantities ?? NONE;
  const on = useMemo(() => ({ locale, zones: places.zones, quantities: all }), [locale, places, all]);
  const isWhole = [quantities, zones, series].every(({ answer, failure }) => answer || failure);
  return { quantities, isWhole, places, on };
}
