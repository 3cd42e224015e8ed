import { encodeLinkRecord, type LinkRecord } from '../../../core/links/link-record.ts';
import { type LinkClass, noMeasures, type ProbeKind } from '../../../core/links/measures.ts';
import { packStatus, type SeriesKey, seriesKey } from '../../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../../core/reading-batch.ts';

export interface MadeRecord {
  readonly fromMs: number;
  readonly lastsMs?: number;
  readonly received?: number;
  readonly lost?: number;
  /** Of the lost, those of which a reflector tells the way. */
  readonly lostForward?: number;
  readonly lostReturn?: number;
  readonly late?: number;
  readonly notSent?: number;
  readonly stall?: number;
  /** Of every answer. */
  readonly ms?: number;
}

export function madeRecord(made: MadeRecord): LinkRecord {
  const {
    fromMs,
    lastsMs = 60_000,
    received = 60,
    lost = 0,
    lostForward = 0,
    lostReturn = 0,
    late = 0,
    notSent = 0,
    stall = 0,
    ms = 12,
  } = made;
  const measures = noMeasures();
  const scheduled = received + lost + late + notSent + stall;
  Object.assign(measures.account, { scheduled, received, lost, late, notSent, invalid: stall });
  Object.assign(measures, { lostForward, lostReturn });
  measures.invalidBy.stall = stall;
  if (received > 0) measures.roundTrip.add(ms, received);
  return {
    ...{ fromMs, toMs: fromMs + lastsMs, gaps: [], ttlForward: 0, ttlReturn: 0, pathChanges: 0 },
    flows: [{ ...measures, sourcePort: 0 }],
  };
}

export interface EvidencePlace {
  readonly link: string;
  readonly class?: LinkClass;
  readonly kind?: ProbeKind;
  readonly site?: string;
  readonly gateway?: string;
  readonly zone?: string;
}

export function evidenceKey(place: EvidencePlace): SeriesKey {
  const { link, class: linkClass = 'inter', kind = 'stamp', site = 'backbone', gateway = 'pop-a' } = place;
  return seriesKey({
    ...{ measurement: 'link', field: 'evidence', unit: '' },
    ...{ link, class: linkClass, point: kind, site, gateway, device: link, zone: place.zone ?? '' },
  });
}

/** A batch with the evidence of one link; a text stands for itself. */
export function evidenceBatch(
  place: EvidencePlace,
  records: readonly (LinkRecord | { readonly timeMs: number; readonly text: string })[],
): ReadingBatch {
  const table = new SeriesTable();
  const batch = new ReadingBatch(table);
  const { id } = table.intern(evidenceKey(place));
  for (const one of records) {
    if ('text' in one) batch.push(id, one.timeMs, one.text, packStatus('good', 'synced'));
    else batch.push(id, one.fromMs, encodeLinkRecord(one), packStatus('good', 'synced'));
  }
  return batch;
}
