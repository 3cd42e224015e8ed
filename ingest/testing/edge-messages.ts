import { encodeBirthMark, encodeMark, LEDGER_METRICS, type LedgerMark } from '../../core/ledger.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { formatTopic, type MessageType } from '../../core/sparkplug/topic.ts';

export interface EdgeMessage {
  readonly topic: string;
  readonly bytes: Uint8Array;
}

/** What one edge node publishes, with `seq` counted as the standard wants it. */
export class EdgeMessages {
  readonly site: string;
  readonly gateway: string;
  readonly #alias = new Map<string, number>();
  seq = 255;
  bdSeq = 0;
  /** The fingerprint that births and data tell, where they do. */
  births: string | undefined;

  constructor(site = 'farm', gateway = 'pump-house') {
    this.site = site;
    this.gateway = gateway;
  }

  nbirth(metrics: readonly Metric[] = []): EdgeMessage {
    this.seq = 255;
    const bdSeq = { name: 'bdSeq', dataType: DATA_TYPES.Int64, value: this.bdSeq };
    const rebirth = { name: 'Node Control/Rebirth', dataType: DATA_TYPES.Boolean, value: false };
    return this.#message('NBIRTH', undefined, [bdSeq, rebirth, ...this.#named(metrics)]);
  }

  dbirth(device: string, metrics: readonly Metric[]): EdgeMessage {
    return this.#message('DBIRTH', device, this.#named(metrics));
  }

  /** Data in the alias form; metrics are named as in their birth. */
  data(device: string | undefined, metrics: readonly Metric[], mark?: LedgerMark): EdgeMessage {
    const bare = metrics.map(({ name = '', ...metric }) => ({ ...metric, alias: this.aliasOf(name) }));
    return this.#message(device === undefined ? 'NDATA' : 'DDATA', device, bare, true, mark);
  }

  /** What a gateway with a ledger tells of it in its birth. */
  static ledgerMetrics(ledger: string, first: number, next: number): Metric[] {
    return [
      { name: LEDGER_METRICS.id, dataType: DATA_TYPES.String, value: ledger },
      { name: LEDGER_METRICS.first, dataType: DATA_TYPES.Int64, value: first },
      { name: LEDGER_METRICS.next, dataType: DATA_TYPES.Int64, value: next },
      { name: LEDGER_METRICS.confirm, dataType: DATA_TYPES.String, value: null },
    ];
  }

  ndeath(bdSeq = this.bdSeq): EdgeMessage {
    const metrics = [{ name: 'bdSeq', dataType: DATA_TYPES.Int64, value: bdSeq }];
    const topic = formatTopic({ site: this.site, type: 'NDEATH', gateway: this.gateway });
    return { topic, bytes: encodePayload({ metrics }) };
  }

  ddeath(device: string): EdgeMessage {
    return this.#message('DDEATH', device, []);
  }

  aliasOf(name: string): number {
    const alias = this.#alias.get(name) ?? this.#alias.size + 1;
    this.#alias.set(name, alias);
    return alias;
  }

  #named(metrics: readonly Metric[]): Metric[] {
    return metrics.map((metric) => ({ ...metric, alias: this.aliasOf(metric.name ?? '') }));
  }

  #message(
    type: MessageType,
    device: string | undefined,
    metrics: readonly Metric[],
    omitTypes = false,
    mark?: LedgerMark,
  ): EdgeMessage {
    this.seq = (this.seq + 1) & 255;
    const place = { site: this.site, type, gateway: this.gateway };
    const topic = formatTopic(device === undefined ? place : { ...place, device });
    const body = this.#body(type, mark);
    return { topic, bytes: encodePayload({ seq: this.seq, metrics, ...body }, { omitTypes }) };
  }

  #body(type: MessageType, mark: LedgerMark | undefined): { body?: Uint8Array } {
    const { births } = this;
    if (mark) return { body: encodeMark(births === undefined ? mark : { ...mark, births }) };
    const isBirth = type === 'NBIRTH' || type === 'DBIRTH';
    return isBirth && births !== undefined ? { body: encodeBirthMark(births) } : {};
  }
}

/** A Double as births and data carry it. */
export function double(name: string, value: number | null, timeMs: number): Metric {
  return { name, dataType: DATA_TYPES.Double, value, timeMs };
}
