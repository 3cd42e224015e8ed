import { encodeLinkRecord, totalOf } from '../../../core/links/link-record.ts';
import type { ProbeKind } from '../../../core/links/measures.ts';
import type { ClosedRecord } from './probe-ledger.ts';

/** The numbers of `link/*` that a record may give; see `core/quantities.ts`. */
export type LinkField =
  | 'latency'
  | 'latency_p95'
  | 'latency_p99'
  | 'latency_forward'
  | 'latency_return'
  | 'latency_error'
  | 'loss'
  | 'loss_forward'
  | 'loss_return'
  | 'jitter'
  | 'variation'
  | 'connect_time'
  | 'first_byte_time'
  | 'scheduled'
  | 'received'
  | 'lost'
  | 'late'
  | 'not_sent'
  | 'invalid'
  | 'duplicates'
  | 'reordered'
  | 'ttl'
  | 'path_changes';

/** A closed record on its way to the gateway: plain data, which passes between threads. */
export interface ProbeEvidence {
  readonly link: string;
  readonly kind: ProbeKind;
  /** UTC, ms; of the record. */
  readonly fromMs: number;
  readonly toMs: number;
  /** `encodeLinkRecord` of it. */
  readonly evidence: string;
  /** What is known; no field is there without a value. A kind may have fewer (`ProberKind.fields`). */
  readonly values: Readonly<Partial<Record<LinkField, number>>>;
}

/** The field of the median round trip. */
const TIME_FIELD = {
  stamp: 'latency',
  icmp: 'latency',
  tcp: 'connect_time',
  http: 'first_byte_time',
} as const satisfies Readonly<Record<ProbeKind, LinkField>>;

export function evidenceOf(link: string, kind: ProbeKind, closed: ClosedRecord): ProbeEvidence {
  const { record, samples, isCounted } = closed;
  const { fromMs, toMs } = record;
  const total = totalOf(record);
  const { account } = total;
  const { received, lost, late } = account;
  const judged = received + lost + late;
  // Where the direction of some is unknown, no share of either is known.
  const isDirected = isCounted && total.lostForward + total.lostReturn === lost;
  const share = (count: number) => (judged > 0 ? count / judged : Number.NaN);
  const roundTrip = sorted(samples.roundTrip);
  const values: Partial<Record<LinkField, number>> = {
    [TIME_FIELD[kind]]: quantile(roundTrip, 0.5),
    latency_p95: quantile(roundTrip, 0.95),
    latency_p99: quantile(roundTrip, 0.99),
    latency_forward: quantile(sorted(samples.forward), 0.5),
    latency_return: quantile(sorted(samples.back), 0.5),
    latency_error: samples.forward.length > 0 ? total.oneWayErrorMs : Number.NaN,
    loss: share(lost + late),
    loss_forward: isDirected ? share(total.lostForward) : Number.NaN,
    loss_return: isDirected ? share(total.lostReturn) : Number.NaN,
    jitter: received > 1 ? total.jitterMs : Number.NaN,
    variation: quantile(sorted(samples.variation), 0.95),
    scheduled: account.scheduled,
    received,
    lost,
    late,
    not_sent: account.notSent,
    invalid: account.invalid,
    duplicates: total.duplicates,
    reordered: total.reordered,
    ttl: record.ttlReturn > 0 ? record.ttlReturn : Number.NaN,
    path_changes: record.pathChanges,
  };
  const known = Object.entries(values).filter(([, value]) => !Number.isNaN(value));
  return { link, kind, fromMs, toMs, evidence: encodeLinkRecord(record), values: Object.fromEntries(known) };
}

function sorted(values: readonly number[]): Float64Array {
  return Float64Array.from(values).sort();
}

/** At the nearest rank, as `LatencyHistogram.quantile`, but exactly; NaN of none. */
function quantile(values: Float64Array, q: number): number {
  const rank = Math.max(1, Math.ceil(q * values.length - 1e-9));
  return values[rank - 1] ?? Number.NaN;
}
