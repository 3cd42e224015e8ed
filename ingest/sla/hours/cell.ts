import {
  decodeLinkRecordBytes,
  encodeLinkRecord,
  type LinkRecord,
  totalOf,
} from '../../../core/links/link-record.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import { pushVarint, VarintReader } from '../../../core/varint.ts';

/**
 * What records add to the intervals, in order of time: when each was, how many of its probes count, how many were lost or late. In
 * columns, because a matrix of a day holds a million of them.
 */
export interface RecordColumns {
  readonly fromMs: number[];
  readonly toMs: number[];
  readonly sent: number[];
  readonly lost: number[];
}

/** Records of one series that follow each other, merged: an hour of them, or a part of one. */
export interface Cell {
  readonly measures: Measures;
  pathChanges: number;
  /** Intervals for loss that comes in bursts need each. */
  readonly records: RecordColumns;
}

export function emptyCell(): Cell {
  return { measures: noMeasures(), pathChanges: 0, records: { fromMs: [], toMs: [], sent: [], lost: [] } };
}

/** When the first of its records begins, and when the last begins and ends; nothing where there is none. */
export function spanOf({
  records: { fromMs, toMs },
}: Cell): { fromMs: number; lastFromMs: number; toMs: number } | undefined {
  return fromMs.length === 0
    ? undefined
    : { fromMs: fromMs[0]!, lastFromMs: fromMs.at(-1)!, toMs: toMs.at(-1)! };
}

export function addRecord(cell: Cell, record: LinkRecord): void {
  const total = totalOf(record);
  mergeMeasures(cell.measures, total);
  cell.pathChanges += record.pathChanges;
  const { received, lost, late } = total.account;
  const { records } = cell;
  records.fromMs.push(record.fromMs);
  records.toMs.push(record.toMs);
  records.sent.push(received + lost + late);
  records.lost.push(lost + late);
}

const VERSION = 1;

/**
 *     version 1 · number of records · for each: from − to of the one before · to − from · sent · lost    (varints, the first two zigzag)
 *     the rest: `encodeLinkRecord` of the measures as one flow, so that its checks are made here too
 */
export function encodeCell({ measures, pathChanges, records }: Cell): Uint8Array {
  const bytes: number[] = [];
  pushVarint(bytes, VERSION);
  const { fromMs, toMs, sent, lost } = records;
  pushVarint(bytes, fromMs.length);
  for (let at = 0; at < fromMs.length; at++) {
    pushZigzag(bytes, fromMs[at]! - (at === 0 ? 0 : toMs[at - 1]!));
    pushZigzag(bytes, toMs[at]! - fromMs[at]!);
    pushVarint(bytes, sent[at]!);
    pushVarint(bytes, lost[at]!);
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
  const { records } = emptyCell();
  let atMs = 0;
  for (let left = reader.next(); left > 0; left--) {
    atMs += nextZigzag(reader);
    records.fromMs.push(atMs);
    atMs += nextZigzag(reader);
    records.toMs.push(atMs);
    records.sent.push(reader.next());
    records.lost.push(reader.next());
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
