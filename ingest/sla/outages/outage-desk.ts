import type { Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { ProbeKind } from '../../../core/links/measures.ts';
import { judgedKind, type Link, type Mesh } from '../../../core/links/mesh.ts';
import type { Log } from '../../../core/log.ts';
import type { Store } from '../../stores/store.ts';
import { type Attribution, attribute, type Ends } from './attribute.ts';
import {
  availabilityOf,
  findOutages,
  type Outage,
  type OutageHistory,
  overlapMs,
  type RecordSketch,
  sketchOf,
} from './find-outages.ts';
import { type EvidenceRange, scanEvidence } from './scan-evidence.ts';
import { seenOver, uselessShare } from './seen-over.ts';

export type AttributedOutage = Outage & { readonly attribution: Attribution };

export interface LinkOutages {
  readonly link: string;
  readonly outages: readonly AttributedOutage[];
  /** Outages and unknown times past those that are told; the newest are. */
  readonly leftOut: number;
  readonly unknown: OutageHistory['unknown'];
  readonly knownMs: number;
  readonly downMs: number;
  /** `undefined` where nothing is known. */
  readonly availability: number | undefined;
}

/** Of one link in one answer: each asks the neighbours for what they saw. */
const MOST_OUTAGES = 200;
/** Around an outage, what the neighbours' records must cover. */
const AROUND_MS = 60_000;

interface OutageDeskParts {
  readonly store: Pick<Store, 'scan'>;
  readonly mesh: () => Mesh;
  readonly clock: Clock;
  readonly log: Log;
}

/** Outages of links, from their evidence in the store. Throws `NOT_FOUND` for a link that the mesh has not, and as `Store.scan`. */
export class OutageDesk {
  readonly #parts: OutageDeskParts;

  constructor(parts: OutageDeskParts) {
    this.#parts = parts;
  }

  async ofLink(id: string, range: EvidenceRange): Promise<LinkOutages> {
    const mesh = this.#parts.mesh();
    const link = mesh.links.get(id);
    if (!link) throw new SluiceError('NOT_FOUND', { what: { en: `link ${id}`, zh: `链路 ${id}` } });
    const own = (await this.#records([link], range)).get(id) ?? [];
    const near = [...mesh.links.values()].filter((one) => sharesEnd(one, link));
    return this.#judged(link, own, range, near, (outage) =>
      this.#records(near, { fromMs: outage.fromMs - AROUND_MS, toMs: outage.toMs + AROUND_MS }),
    );
  }

  /** Of all links that had one, or of which something is not known. */
  async ofAll(range: EvidenceRange): Promise<LinkOutages[]> {
    const links = [...this.#parts.mesh().links.values()];
    const records = await this.#records(links, range);
    const found: LinkOutages[] = [];
    for (const link of links) {
      const near = links.filter((one) => sharesEnd(one, link));
      const own = records.get(link.id) ?? [];
      const judged = await this.#judged(link, own, range, near, async () => records);
      if (judged.outages.length + judged.unknown.length > 0) found.push(judged);
    }
    return found;
  }

  async #judged(
    link: Link,
    own: readonly RecordSketch[],
    range: EvidenceRange,
    near: readonly Link[],
    around: (outage: Outage) => Promise<ReadonlyMap<string, readonly RecordSketch[]>>,
  ): Promise<LinkOutages> {
    const nowMs = this.#parts.clock.nowMs();
    const freshMs = 3 * 1000 * this.#parts.mesh().recordS + AROUND_MS;
    const history = findOutages(own, { ...range, toMs: Math.min(range.toMs, nowMs), freshMs });
    const touched = history.outages.filter((one) => overlapMs([one], range) > 0);
    const outages: AttributedOutage[] = [];
    for (const outage of touched.slice(-MOST_OUTAGES)) {
      const records = await around(outage);
      const seen = (id: string) => seenOver(records.get(id) ?? [], outage);
      const attribution = attribute(endsOf(link), near.map(endsOf), seen, uselessShare(own, outage));
      outages.push({ ...outage, attribution });
    }
    const unknown = history.unknown.slice(-MOST_OUTAGES);
    const leftOut = touched.length - outages.length + history.unknown.length - unknown.length;
    const { knownMs, downMs } = history;
    return {
      ...{ link: link.id, outages: outages.reverse(), leftOut, unknown: unknown.reverse() },
      ...{ knownMs, downMs, availability: availabilityOf(history) },
    };
  }

  /** By link, in order of time, each once. */
  async #records(links: readonly Link[], range: EvidenceRange): Promise<Map<string, RecordSketch[]>> {
    const kinds = new Map<string, ProbeKind>(links.map((link) => [link.id, judgedKind(link)]));
    const found = new Map<string, RecordSketch[]>();
    let refused = 0;
    for await (const { series, record } of scanEvidence(this.#parts.store, kinds, range, () => refused++)) {
      const { link, site, gateway } = series;
      const { from } = this.#parts.mesh().links.get(link)!;
      // What another says under its name is no evidence of it.
      if (from.site !== site || from.gateway !== gateway) continue;
      const list = found.get(link);
      if (list) list.push(sketchOf(record));
      else found.set(link, [sketchOf(record)]);
    }
    if (refused > 0)
      this.#parts.log.warn(
        { links: links.length, records: refused },
        'evidence that cannot be read is left out',
      );
    for (const [id, list] of found) {
      list.sort((a, b) => a.fromMs - b.fromMs);
      found.set(
        id,
        list.filter(({ fromMs }, at) => fromMs !== list[at - 1]?.fromMs),
      );
    }
    return found;
  }
}

function endsOf({ id, from, to }: Link): Ends {
  return { id, from: from.id, to: to.id };
}

function sharesEnd(one: Link, link: Link): boolean {
  const ends = [link.from.id, link.to.id];
  return one.id !== link.id && (ends.includes(one.from.id) || ends.includes(one.to.id));
}
