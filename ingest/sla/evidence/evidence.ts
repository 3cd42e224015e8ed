import type { ProbeKind } from '../../../core/links/measures.ts';
import type { Cell } from '../hours/cell.ts';
import type { EvidenceSeries } from './evidence-series.ts';
import type { Exclusion } from './exclusion.ts';
import type { EvidenceFault } from './read-records.ts';

export interface EvidenceQuery {
  /** Ids; all where not given. */
  readonly links?: readonly string[];
  readonly kinds?: readonly ProbeKind[];
  /** Records that start from here to before `toMs`, each as a whole. */
  readonly fromMs: number;
  readonly toMs: number;
  /** What is taken out of a link's evidence. */
  exclusionsOf?(link: string): readonly Exclusion[];
  /**
   * By key of a series, from which hour on it is read: what is before, the asker knows by the same counts. Those that are not
   * named are read whole.
   */
  readFrom?(counted: readonly CountedSeries[]): ReadonlyMap<string, number>;
}

/** What the store counts of one of its series. */
export interface CountedSeries {
  readonly key: string;
  readonly series: EvidenceSeries;
  /** By hour, how many readings: nothing of an hour has changed while they are as many. */
  readonly rows: ReadonlyMap<number, number>;
}

/** Records that follow each other and are in or out of the verdict by the same exclusions. */
export interface Piece {
  readonly cell: Cell;
  /** Of the readings. */
  readonly hourMs: number;
  /** Ids; empty where it is in the verdict. */
  readonly excludedBy: readonly string[];
  /** It would be out if every exclusion were as it was when it began. */
  readonly isOutAsPlanned: boolean;
}

export interface SeriesEvidence {
  readonly series: EvidenceSeries;
  /** In order of time; an hour each at most. */
  readonly pieces: readonly Piece[];
  readonly faults: readonly Omit<EvidenceFault, 'series'>[];
  /** Readings that the store counts and no longer has. */
  readonly gone: number;
}
