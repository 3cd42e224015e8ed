import { setImmediate as pause } from 'node:timers/promises';
import type { ProbeKind } from '../../../core/links/measures.ts';
import type { Store } from '../../stores/store.ts';
import { type EvidenceFault, type FoundRecord, readRecords } from '../evidence/read-records.ts';

/** The longest record. */
const LONGEST_MS = 300_000;
/** Reading one takes 30 µs: so other work waits 6 ms at most. */
const PAUSE_EVERY = 200;
/** More links are not named one by one to a database. */
const MOST_NAMED = 200;

export interface EvidenceRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The records of `links` (by id, with the kind of probe that is judged) which overlap the range, without keeping other work
 * waiting: one link may come in several stretches, where its class or its agent has changed. Throws as `Store.scan`.
 */
export async function* scanEvidence(
  store: Pick<Store, 'scan'>,
  links: ReadonlyMap<string, ProbeKind>,
  { fromMs, toMs }: EvidenceRange,
  refused: (fault: EvidenceFault) => void,
): AsyncGenerator<Pick<FoundRecord, 'series' | 'record'>> {
  if (links.size === 0) return;
  const filter = {
    ...(links.size <= MOST_NAMED && { links: [...links.keys()] }),
    ...{ kinds: [...new Set(links.values())], fromMs: fromMs - LONGEST_MS, toMs },
  };
  let read = 0;
  for await (const { series, record } of readRecords(store, filter, refused)) {
    if (++read % PAUSE_EVERY === 0) await pause();
    if (links.get(series.link) === series.kind && record.toMs > fromMs) yield { series, record };
  }
}
