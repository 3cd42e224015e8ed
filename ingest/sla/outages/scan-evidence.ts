import { setImmediate as pause } from 'node:timers/promises';
import { decodeLinkRecord, type LinkRecord } from '../../../core/links/link-record.ts';
import type { ProbeKind } from '../../../core/links/measures.ts';
import type { Store } from '../../stores/store.ts';

/** A reading bears the time of its record, and a record lasts five minutes at most; agents tell it some seconds later. */
const PAD_MS = 10 * 60_000;
/** Decoding takes 30 µs: so other work waits 6 ms at most. */
const PAUSE_EVERY = 200;
/** More links are not named one by one to a database. */
const MOST_NAMED = 200;

export interface EvidenceRange {
  readonly fromMs: number;
  readonly toMs: number;
}

/**
 * The records of `links` (by id, with the kind of probe that is judged) which overlap the range: one link may come in several
 * stretches, where its class or its agent has changed. What cannot be read is told to `unreadable`, and left out. Throws what
 * `Store.scan` throws.
 */
export async function* scanEvidence(
  store: Pick<Store, 'scan'>,
  links: ReadonlyMap<string, ProbeKind>,
  { fromMs, toMs }: EvidenceRange,
  unreadable: (link: string, reason: unknown) => void,
): AsyncGenerator<{ readonly link: string; readonly record: LinkRecord }> {
  if (links.size === 0) return;
  const where = {
    point: [...new Set(links.values())],
    ...(links.size <= MOST_NAMED && { link: [...links.keys()] }),
  };
  const range = { fromMs: fromMs - PAD_MS, toMs: toMs + PAD_MS };
  let decoded = 0;
  for await (const { series, texts } of store.scan({
    measurement: 'link',
    field: 'evidence',
    where,
    ...range,
  })) {
    if (links.get(series.link) !== series.point || !texts) continue;
    for (const text of texts.values()) {
      if (++decoded % PAUSE_EVERY === 0) await pause();
      let record: LinkRecord;
      try {
        record = decodeLinkRecord(text);
      } catch (error) {
        unreadable(series.link, error);
        continue;
      }
      if (record.fromMs < toMs && record.toMs > fromMs) yield { link: series.link, record };
    }
  }
}
