import { LatencyHistogram } from '../latency-histogram.ts';
import { pushVarint, VarintReader } from '../varint.ts';
import { type Account, type InvalidBy, type Measures, mergeMeasures, noMeasures } from './measures.ts';

/** One source port, and so one of several equal-cost paths; 0 where the probe has none. */
export interface Flow extends Measures {
  readonly sourcePort: number;
}

/**
 * Probes lost or late one after the other, over all flows in the order in which they were sent; `GAP_PROBES` at least. A run
 * that goes over the end of a record is told in each of its records, up to the border and from it, where it may have
 * fewer, even none: `mergeGaps` puts such parts together. Probes that say nothing of the link neither count nor end a run.
 */
export interface Gap {
  /** When the first of them was sent, UTC in ms; the beginning of the record where the run is older. */
  readonly fromMs: number;
  /** When the first after them that was received was sent, or the end of the record. */
  readonly toMs: number;
  readonly probes: number;
}

/** The shortest run of losses that is told as a gap. */
export const GAP_PROBES = 3;
/** More in one record are told as one that spans them: a link that is so bad has one outage and not hundreds. */
export const MOST_GAPS = 32;

/**
 * Evidence: everything that is known of the probes of one link which were scheduled from `fromMs` to before `toMs` (UTC, of
 * the agent's clock). It is written once, when none of them can be answered any more, and never changed. Records of one
 * link and kind never overlap, also not when a clock was set back.
 */
export interface LinkRecord {
  readonly fromMs: number;
  readonly toMs: number;
  /** At least one, in order of source port. */
  readonly flows: readonly Flow[];
  readonly gaps: readonly Gap[];
  /** TTL or hop limit left on arrival at the reflector and here, as seen last; 0 where it was not seen. */
  readonly ttlForward: number;
  readonly ttlReturn: number;
  /** How often either of them changed. */
  readonly pathChanges: number;
}

/** All flows as one. */
export function totalOf({ flows }: Pick<LinkRecord, 'flows'>): Measures {
  const total = noMeasures();
  for (const flow of flows) mergeMeasures(total, flow);
  return total;
}

const VERSION = 1;
const NS_PER_MS = 1e6;
const ACCOUNT: readonly (keyof Account)[] = ['received', 'lost', 'late', 'notSent', 'invalid', 'excluded'];
const INVALID: readonly (keyof InvalidBy)[] = ['stall', 'clockStep', 'socket'];
const COUNTS = ['duplicates', 'reordered', 'lostForward', 'lostReturn', 'kernelStamped'] as const;
const HISTOGRAMS = ['roundTrip', 'forward', 'back', 'variation'] as const;

/**
 * As the reading `link/evidence` carries it: base64 of varints (`varint.ts`).
 *
 *     version 1 · fromMs · toMs − fromMs · ttlForward · ttlReturn · pathChanges
 *     number of gaps · for each: from − fromMs · to − from · probes
 *     number of flows · for each: source port
 *       received · lost · late · not sent · invalid · excluded    (scheduled is their sum)
 *       invalid by stall · by clock step · by socket
 *       duplicates · reordered · lost forward · lost return · kernel-stamped
 *       one-way error, ns · jitter, ns
 *       round trip · forward · back · variation: each its length in bytes and the histogram
 */
export function encodeLinkRecord(record: LinkRecord): string {
  const bytes: number[] = [];
  const { fromMs, toMs, flows, gaps, ttlForward, ttlReturn, pathChanges } = record;
  for (const value of [VERSION, fromMs, toMs - fromMs, ttlForward, ttlReturn, pathChanges])
    pushVarint(bytes, value);
  pushVarint(bytes, gaps.length);
  for (const gap of gaps)
    for (const value of [gap.fromMs - fromMs, gap.toMs - gap.fromMs, gap.probes]) pushVarint(bytes, value);
  pushVarint(bytes, flows.length);
  for (const flow of flows) pushFlow(bytes, flow);
  return Buffer.from(bytes).toString('base64');
}

function pushFlow(bytes: number[], flow: Flow): void {
  pushVarint(bytes, flow.sourcePort);
  for (const key of ACCOUNT) pushVarint(bytes, flow.account[key]);
  for (const key of INVALID) pushVarint(bytes, flow.invalidBy[key]);
  for (const key of COUNTS) pushVarint(bytes, flow[key]);
  for (const ms of [flow.oneWayErrorMs, flow.jitterMs]) pushVarint(bytes, Math.round(ms * NS_PER_MS));
  for (const key of HISTOGRAMS) {
    const histogram = flow[key].toBytes();
    pushVarint(bytes, histogram.length);
    bytes.push(...histogram);
  }
}

/** Throws a RangeError where the text is not what `encodeLinkRecord` makes, or its probes do not add up. */
export function decodeLinkRecord(text: string): LinkRecord {
  return decodeLinkRecordBytes(Buffer.from(text, 'base64'));
}

/** As `decodeLinkRecord`, of the bytes that the text stands for. */
export function decodeLinkRecordBytes(bytes: Uint8Array): LinkRecord {
  const reader = new VarintReader(bytes);
  const next = () => reader.next();
  const version = next();
  if (version !== VERSION) throw new RangeError(`evidence of a link has an unknown version ${version}`);
  const fromMs = next();
  const toMs = fromMs + next();
  const [ttlForward, ttlReturn, pathChanges] = [next(), next(), next()];
  const gaps = times(next(), MOST_GAPS, (): Gap => {
    const gapMs = fromMs + next();
    return { fromMs: gapMs, toMs: gapMs + next(), probes: next() };
  });
  const flows = times(next(), 1_024, () => readFlow(reader));
  if (!reader.isAtEnd) throw new RangeError('evidence of a link goes on after its last flow');
  return { fromMs, toMs, flows, gaps, ttlForward, ttlReturn, pathChanges };
}

function readFlow(reader: VarintReader): Flow {
  const sourcePort = reader.next();
  const measures = noMeasures();
  const { account, invalidBy } = measures;
  for (const key of ACCOUNT) account[key] = reader.next();
  account.scheduled = ACCOUNT.reduce((sum, key) => sum + account[key], 0);
  for (const key of INVALID) invalidBy[key] = reader.next();
  for (const key of COUNTS) measures[key] = reader.next();
  measures.oneWayErrorMs = reader.next() / NS_PER_MS;
  measures.jitterMs = reader.next() / NS_PER_MS;
  const read = HISTOGRAMS.map((key) => [key, LatencyHistogram.fromBytes(reader.bytes(reader.next()))]) as [
    (typeof HISTOGRAMS)[number],
    LatencyHistogram,
  ][];
  const flow: Flow = { ...measures, ...Object.fromEntries(read), sourcePort };
  if (flow.roundTrip.count !== account.received)
    throw new RangeError('evidence of a link has received probes without a time');
  return flow;
}

function times<T>(count: number, most: number, make: () => T): T[] {
  if (count > most) throw new RangeError(`evidence of a link has ${count} parts where ${most} can be`);
  return Array.from({ length: count }, make);
}
