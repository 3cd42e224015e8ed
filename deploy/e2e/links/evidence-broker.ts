import { decodeLinkRecord, type LinkRecord } from '../../../core/links/link-record.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import { TestBroker } from '../../../gateway/testing/test-broker.ts';

type Value = number | string;

/** A plain broker that reads what agents publish of links. */
export class EvidenceBroker {
  readonly #broker = new TestBroker();
  readonly #names = new Map<string, string>();
  /** By link, field and kind of probe (`gz-sh link/latency/stamp`), in the order of arrival. */
  readonly #values = new Map<string, Value[]>();
  readonly #totals = new Map<string, Measures>();

  start(port: number): Promise<void> {
    return this.#broker.start(port);
  }

  stop(): Promise<void> {
    return this.#broker.stop();
  }

  records(link: string, kind = 'stamp'): LinkRecord[] {
    return this.values(link, 'evidence', kind).map((text) => decodeLinkRecord(text as string));
  }

  /** What each record of a link gave. */
  values(link: string, field: string, kind = 'stamp'): readonly Value[] {
    this.#read();
    return this.#values.get(`${link} link/${field}/${kind}`) ?? [];
  }

  /** All that is known of a link by now, as one. */
  total(link: string, kind = 'stamp'): Measures {
    this.#read();
    return this.#totals.get(`${link} ${kind}`) ?? noMeasures();
  }

  /** Takes what came since the last time out of the broker: a long run brings a lot. */
  #read(): void {
    for (const { type, device, payload } of this.#broker.seen.splice(0)) {
      for (const { name, alias, value } of payload.metrics) {
        const key = `${device} ${alias}`;
        if (name !== undefined) this.#names.set(key, name);
        const known = this.#names.get(key);
        // A birth only repeats what was sent last.
        if (type !== 'DDATA' || known === undefined || device === undefined) continue;
        if (typeof value === 'number' || typeof value === 'string') this.#take(device, known, value);
      }
    }
  }

  #take(link: string, name: string, value: Value): void {
    const series = `${link} ${name}`;
    const values = this.#values.get(series) ?? [];
    values.push(value);
    this.#values.set(series, values);
    const kind = /^link\/evidence\/(\w+)$/.exec(name)?.[1];
    if (kind === undefined) return;
    const total = this.#totals.get(`${link} ${kind}`) ?? noMeasures();
    for (const flow of decodeLinkRecord(value as string).flows) mergeMeasures(total, flow);
    this.#totals.set(`${link} ${kind}`, total);
  }
}
