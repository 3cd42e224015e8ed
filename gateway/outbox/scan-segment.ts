import type { LedgerRange } from '../../core/ledger.ts';
import type { OutboxMetric } from './outbox.ts';
import { decodeRecord, type Found, findRecord, type LogRecord } from './record.ts';
import { Segment } from './segment.ts';

export interface Scanned {
  readonly segment: Segment;
  readonly ledger: string;
  readonly ranges: readonly LedgerRange[];
  /** Of each device. */
  readonly newestOf: ReadonlyMap<string, number>;
  /** The last promise about numbers: `reserve`, or `close` where that run ended in order. */
  readonly end: Extract<LogRecord, { kind: 'reserve' | 'close' }> | undefined;
  readonly damagedBytes: number;
}

/**
 * Takes in what an earlier run left in a file. `undefined` where it has no header that can be read.
 * `intern` gives one object for metrics that are equal.
 */
export function scanSegment(
  bytes: Buffer,
  file: string,
  serial: number,
  intern: (metric: OutboxMetric) => OutboxMetric,
): Scanned | undefined {
  const { records, end, damagedBytes } = split(bytes);
  const first = headerOf(bytes, records);
  if (!first) return undefined;
  const segment = new Segment(file, serial, first.first, 0);
  // Definitions first: of each there are two, and either will do.
  for (const found of records) {
    const kind = kindAt(bytes, found);
    if (kind !== METRIC && kind !== BOOT) continue;
    const record = decodeRecord(bytes, found, segment.definitions);
    if (record?.kind === 'metric') segment.define(record.index, record.device, intern(record.metric));
    if (record?.kind === 'boot') segment.defineBoot(record.index, record.boot);
  }
  const ranges: LedgerRange[] = [];
  const newestOf = new Map<string, number>();
  let promise: Scanned['end'];
  for (const found of records) {
    const record = decodeRecord(bytes, found, segment.definitions);
    if (record?.kind === 'reserve' || record?.kind === 'close') promise = record;
    if (record?.kind !== 'data') continue;
    const { message } = record;
    const last = message.first + message.samples.length - 1;
    segment.note(message, found.start);
    ranges.push({ first: message.first, last });
    newestOf.set(message.device, last);
  }
  segment.bytes = segment.plannedBytes = end;
  segment.seal();
  return { segment, ledger: first.ledger, ranges: joined(ranges), newestOf, end: promise, damagedBytes };
}

/** There are two, one after the other. */
function headerOf(
  bytes: Buffer,
  records: readonly Found[],
): Extract<LogRecord, { kind: 'header' }> | undefined {
  const header = records[0] && decodeRecord(bytes, records[0], { metrics: [], boots: [] });
  return header?.kind === 'header' ? header : undefined;
}

/** Where the kind stands in a record, and the kinds that define something (see `record.ts`). */
const KIND_AT = 10;
const METRIC = 1;
const BOOT = 2;

function kindAt(bytes: Buffer, { start }: Found): number {
  return bytes[start + KIND_AT]!;
}

function split(bytes: Buffer): { records: Found[]; end: number; damagedBytes: number } {
  const records: Found[] = [];
  let end = 0;
  let whole = 0;
  for (;;) {
    const { found } = findRecord(bytes, end);
    if (!found) return { records, end, damagedBytes: bytes.length - whole };
    records.push(found);
    end = found.end;
    whole += found.end - found.start;
  }
}

function joined(ranges: readonly LedgerRange[]): LedgerRange[] {
  const joined: LedgerRange[] = [];
  for (const { first, last } of ranges) {
    const before = joined.at(-1);
    if (before && before.last + 1 === first) joined[joined.length - 1] = { first: before.first, last };
    else joined.push({ first, last });
  }
  return joined;
}
