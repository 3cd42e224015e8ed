import { decodeLinkRecord, type LinkRecord, totalOf } from '../../../core/links/link-record.ts';
import { isExact, type ProbeKind } from '../../../core/links/measures.ts';
import type { ScanBatch } from '../../stores/scan.ts';
import type { SeriesFilter, Store } from '../../stores/store.ts';
import { EVIDENCE, type EvidenceSeries, evidenceSeriesOf, keyOf } from './evidence-series.ts';

/** A record lasts 300 s at most, and its reading has the time of its start or its end. */
export const LONGEST_RECORD_MS = 300_000;

export interface EvidenceFilter {
  /** Ids; all where not given. */
  readonly links?: readonly string[];
  readonly kinds?: readonly ProbeKind[];
  /** Records that start from here … */
  readonly fromMs: number;
  /** … to before here, each as a whole: the last may end later. */
  readonly toMs: number;
}

export interface FoundRecord {
  readonly series: EvidenceSeries;
  /** Of the series of the store: one link and agent has several, where its class or zone was changed. */
  readonly key: string;
  /** Of the reading. */
  readonly timeMs: number;
  readonly record: LinkRecord;
}

/** A reading of evidence that nothing can be told from: it is left out, and whoever judges says so. */
export interface EvidenceFault {
  readonly series: EvidenceSeries;
  readonly timeMs: number;
  /** In English: what is wrong with its bytes. */
  readonly reason: string;
}

/**
 * The records of one series after the other, each in order of time; `refused` is called with those that cannot be read or do not add up,
 * and nothing else is lost by them. Throws as `Store.scan`.
 */
export async function* readRecords(
  store: Pick<Store, 'scan'>,
  { links, kinds, fromMs, toMs }: EvidenceFilter,
  refused: (fault: EvidenceFault) => void,
): AsyncGenerator<FoundRecord> {
  const range = { fromMs: fromMs - LONGEST_RECORD_MS, toMs: toMs + LONGEST_RECORD_MS + 1 };
  for await (const batch of store.scan({ ...evidenceFilter(links, kinds), ...range })) {
    for (const found of recordsOf(batch, refused)) {
      if (found.record.fromMs >= fromMs && found.record.fromMs < toMs) yield found;
    }
  }
}

export function evidenceFilter(links?: readonly string[], kinds?: readonly ProbeKind[]): SeriesFilter {
  return { ...EVIDENCE, where: { ...(links && { link: links }), ...(kinds && { point: kinds }) } };
}

/** What a batch of a scan holds. */
export function* recordsOf(
  { series: tags, timeMs, texts }: ScanBatch,
  refused: (fault: EvidenceFault) => void,
): Generator<FoundRecord> {
  const series = evidenceSeriesOf(tags);
  if (!series) return;
  const key = keyOf(tags);
  for (let row = 0; row < timeMs.length; row++) {
    const text = texts?.get(row);
    const at = { series, timeMs: timeMs[row]! };
    const read = text === undefined ? 'it is a number' : readRecord(text);
    if (typeof read === 'string') refused({ ...at, reason: read });
    else yield { ...at, key, record: read };
  }
}

/** The record, or what is wrong with it. */
export function readRecord(text: string): LinkRecord | string {
  let record: LinkRecord;
  try {
    record = decodeLinkRecord(text);
  } catch (error) {
    // Whatever such bytes do to the decoder, they are what is wrong.
    return error instanceof Error ? error.message : String(error);
  }
  const { fromMs, toMs, flows } = record;
  if (toMs <= fromMs) return 'it ends before it starts';
  if (toMs - fromMs > LONGEST_RECORD_MS) return 'it is longer than a record can be';
  if (!flows.every(isExact) || !isExact(totalOf(record))) return 'its probes do not add up';
  return record;
}
