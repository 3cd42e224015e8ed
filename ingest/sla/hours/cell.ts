import {
  decodeLinkRecordBytes,
  encodeLinkRecord,
  type LinkRecord,
  totalOf,
} from '../../../core/links/link-record.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import { pushVarint, VarintReader } from '../../../core/varint.ts';

/** What one record adds to the intervals: when it was, how many of its probes count, how many were lost or late. */
export interface RecordCounts {
  readonly fromMs: number;
  readonly toMs: number;
  readonly sent: number;
  readonly lost: number;
}

/** Records of one series that follow each other, merged: an hour of them, or a part of one. */
export interface Cell {
  readonly measures: Measures;
  pathChanges: number;
  /** One by one, in order of time: intervals for loss that comes in bursts need each. */
  readonly records: RecordCounts[];
}

export function emptyCell(): Cell {
  return { measures: noMeasures(), pathChanges: 0, records: [] };
}

export function addRecord(cell: Cell, record: LinkRecord): void {
  const total = totalOf(record);
  mergeMeasures(cell.measures, total);
  cell.pathChanges += record.pathChanges;
  const { received, lost, late } = total.account;
  const { fromMs, toMs } = record;
  cell.records.push({ fromMs, toMs, sent: received + lost + late, lost: lost + late });
}

const VERSION = 1;

/**
 *     version 1 · number of records · for each: from − to of the one before · to − from · sent · lost    (varints, the first two zigzag)
 *     the rest: `encodeLinkRecord` of the measures as one flow, so that its checks are made here too
 */
export function encodeCell({ measures, pathChanges, records }: Cell): Uint8Array {
  const bytes: number[] = [];
  pushVarint(bytes, VERSION);
  pushVarint(bytes, records.length);
  let beforeMs = 0;
  for (const { fromMs, toMs, sent, lost } of records) {
    pushZigzag(bytes, fromMs - beforeMs);
    pushZigzag(bytes, toMs - fromMs);
    pushVarint(bytes, sent);
    pushVarint(bytes, lost);
    beforeMs = toMs;
  }
  const merged = encodeLinkRecord({
    ...{ fromMs: 0, toMs: 1, gaps: [], ttlForward: 0, ttlReturn: 0, pathChanges },
    flows: [{ ...measures, sourcePort: 0 }],
  });
  return Buffer.concat([Uint8Array.from(bytes), Buffer.from(merged, 'base64')]);
}

/** Throws a RangeError where the bytes are not those of `encodeCell`. */
export function decodeCell(bytes: Uint8Array): Cell {
  const reader = new VarintReader(bytes);
  const version = reader.next();
  if (version !== VERSION) throw new RangeError(`an hour of evidence has an unknown version ${version}`);
  const records: RecordCounts[] = [];
  let beforeMs = 0;
  for (let left = reader.next(); left > 0; left--) {
    const fromMs = beforeMs + nextZigzag(reader);
    const toMs = fromMs + nextZigzag(reader);
    records.push({ fromMs, toMs, sent: reader.next(), lost: reader.next() });
    beforeMs = toMs;
  }
  const { flows, pathChanges } = decodeLinkRecordBytes(reader.rest());
  const { sourcePort: _one, ...measures } = flows[0]!;
  return { measures, pathChanges, records };
}

function pushZigzag(bytes: number[], value: number): void {
  pushVarint(bytes, value < 0 ? -2 * value - 1 : 2 * value);
}

function nextZigzag(reader: VarintReader): number {
  const value = reader.next();
  return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
}
