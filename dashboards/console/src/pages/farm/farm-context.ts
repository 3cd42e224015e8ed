import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import type { Zone } from '../../../../../core/zones/zone.ts';
import type { CataloguedMetric } from '../../farm.ts';
import type { Judged, Placement, SiteWater } from './api.ts';
import type { Deeds } from './deeds.ts';

/** What this page knows beside readings; what could not be had is empty. */
export interface FarmFacts {
  /** Answers come, and what is shown is what is now. */
  readonly isConnected: boolean;
  readonly zones: readonly Zone[];
  readonly placements: readonly Placement[];
  readonly thresholds: readonly Threshold[];
  readonly judged: readonly Judged[];
  readonly water: readonly SiteWater[];
  readonly deeds: Deeds;
  /** Every flow that is measured. */
  readonly flows: readonly CataloguedMetric[];
}

export const FarmContext = createContext<FarmFacts | undefined>(undefined);

export function useFarm(): FarmFacts {
  const facts = useContext(FarmContext);
  if (!facts) throw new Error('drawn outside of a FarmContext');
  return facts;
}
