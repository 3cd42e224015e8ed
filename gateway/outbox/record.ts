import { crc32 } from 'node:zlib';
import { CLOCK_STATES, QUALITIES } from '../../core/reading.ts';
import type { DataType } from '../../core/sparkplug/payload.ts';
import { WireReader } from '../../core/sparkplug/wire-reader.ts';
import { WireWriter } from '../../core/sparkplug/wire-writer.ts';
import type { NumberedMessage, OutboxMetric, OutboxSample } from './outbox.ts';

/*
 * A segment is a row of records; each stands alone, so a damaged one costs only itself.
 *
 *     record    a7 5c · crc u32 · length u32 · content      little-endian; the CRC-32 is over length and content
 *     content   kind (1 byte), then
 *       header    version · ledger (8) · first number (varint)          the first record of every segment
 *       boot      index · id         referred to by its index in this segment, as metrics are
 *       metric    index · device · name · data type · properties (JSON)
 *       data      first number · time (double) · flags [· boot index · monotonic ms (double)] · count, and for each sample
 *                 metric index · tag · value
 *       reserve   number · boot of the machine      numbers below may have been used; that run was on this boot
 *       close     number                            the run ended in order, and none was used from here on
 *
 *     flags     bits 0–1 clock, bit 2 boot and monotonic time follow
 *     tag       bits 0–1 quality, bits 2–4 form of the value
 */
export type LogRecord =
  | { readonly kind: 'header'; readonly ledger: string; readonly first: number }
  | {
      readonly kind: 'metric';
      readonly index: number;
      readonly device: string;
      readonly metric: OutboxMetric;
    }
  | { readonly kind: 'boot'; readonly index: number; readonly boot: string }
  | { readonly kind: 'data'; readonly message: NumberedMessage }
  | { readonly kind: 'reserve'; readonly number: number; readonly machineBoot: string }
  | { readonly kind: 'close'; readonly number: number };

const KINDS = ['header', 'metric', 'boot', 'data', 'reserve', 'close'] as const;
const FORMS = ['null', 'false', 'true', 'double', 'whole', 'text'] as const;
const VERSION = 1;
const MAGIC = 0x5ca7;
const HEAD_BYTES = 10;
/** No record of ours comes near: a length above is damage. */
export const LONGEST_RECORD = 1_048_576;

/** How the samples of a segment are numbered; `indexOf` writes the definition first where it is new. */
export interface Dictionary {
  indexOf(device: string, metric: OutboxMetric): number;
  bootIndexOf(boot: string): number;
}

export interface Definitions {
  readonly metrics: readonly ({ readonly device: string; readonly metric: OutboxMetric } | undefined)[];
  readonly boots: readonly (string | undefined)[];
}

export function encodeHeader(ledger: string, first: number): Buffer {
  return framed('header', (writer) => {
    writer.uint32(VERSION);
    writer.bytes(Buffer.from(ledger, 'hex'));
    writer.int64(first);
  });
}

export function encodeMetric(index: number, device: string, metric: OutboxMetric): Buffer {
  return framed('metric', (writer) => {
    writer.uint32(index);
    writer.string(device);
    writer.string(metric.name);
    writer.uint32(metric.dataType);
    writer.string(JSON.stringify(metric.properties));
  });
}

export function encodeBoot(index: number, boot: string): Buffer {
  return framed('boot', (writer) => {
    writer.uint32(index);
    writer.string(boot);
  });
}

export function encodeReserve(number: number, machineBoot: string): Buffer {
  return framed('reserve', (writer) => {
    writer.int64(number);
    writer.string(machineBoot);
  });
}

export function encodeClose(number: number): Buffer {
  return framed('close', (writer) => writer.int64(number));
}

export function encodeData(
  { first, device, stamp, samples }: NumberedMessage,
  dictionary: Dictionary,
): Buffer {
  // What is not defined yet is written before this record is begun: both go through one buffer.
  const indexes = samples.map(({ metric }) => dictionary.indexOf(device, metric));
  const boot = stamp.moment && dictionary.bootIndexOf(stamp.moment.boot);
  return framed('data', (writer) => {
    writer.int64(first);
    writer.double(stamp.timeMs);
    writer.uint32(CLOCK_STATES.indexOf(stamp.clock) | (boot === undefined ? 0 : 4));
    if (boot !== undefined) {
      writer.uint32(boot);
      writer.double(stamp.moment!.monotonicMs);
    }
    writer.uint32(samples.length);
    for (const [at, sample] of samples.entries()) {
      writer.uint32(indexes[at]!);
      writeValue(writer, sample);
    }
  });
}

function writeValue(writer: WireWriter, { value, quality }: OutboxSample): void {
  const form = formOf(value);
  writer.uint32(QUALITIES.indexOf(quality) | (FORMS.indexOf(form) << 2));
  if (form === 'double') writer.double(value as number);
  else if (form === 'whole') writer.uint32(value as number);
  else if (form === 'text') writer.string(value as string);
}

function formOf(value: OutboxSample['value']): (typeof FORMS)[number] {
  if (value === null) return 'null';
  if (typeof value === 'boolean') return value ? 'true' : 'false';
  if (typeof value === 'string') return 'text';
  // −0 is no whole number here: it must come back as it was.
  return Object.is(value >>> 0, value) ? 'whole' : 'double';
}

function framed(kind: (typeof KINDS)[number], write: (writer: WireWriter) => void): Buffer {
  const writer = new WireWriter();
  // Room for the head, which is known last.
  writer.double(0);
  writer.uint32(0);
  writer.uint32(0);
  writer.uint32(KINDS.indexOf(kind));
  write(writer);
  const bytes = writer.finish();
  const record = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  record.writeUInt16LE(MAGIC, 0);
  record.writeUInt32LE(record.length - HEAD_BYTES, 6);
  record.writeUInt32LE(crc32(record.subarray(6)), 2);
  return record;
}

/** A record in the bytes of a segment, by where it begins and ends. */
export interface Found {
  readonly start: number;
  readonly end: number;
}

/**
 * The next whole record at `from` or behind it. Bytes that are none are passed over, one at a time, as a damaged length
 * says nothing of where the next record is. `undefined` where there is none any more: what is left may be one that is
 * not there in full; it begins no earlier than `restAt`.
 */
export function findRecord(bytes: Buffer, from: number): { found: Found | undefined; restAt: number } {
  let restAt = bytes.length;
  for (let start = from; start < bytes.length; start++) {
    if (bytes[start] !== (MAGIC & 0xff)) continue;
    if (start + HEAD_BYTES > bytes.length) {
      restAt = Math.min(restAt, start);
      break;
    }
    if (bytes.readUInt16LE(start) !== MAGIC) continue;
    const length = bytes.readUInt32LE(start + 6);
    if (length < 1 || length > LONGEST_RECORD) continue;
    const end = start + HEAD_BYTES + length;
    if (end > bytes.length) {
      restAt = Math.min(restAt, start);
      continue;
    }
    if (crc32(bytes.subarray(start + 6, end)) === bytes.readUInt32LE(start + 2))
      return { found: { start, end }, restAt };
  }
  return { found: undefined, restAt };
}

/** `undefined` where it is of no kind that is known, or refers to what is not defined. */
export function decodeRecord(
  bytes: Buffer,
  { start, end }: Found,
  definitions: Definitions,
): LogRecord | undefined {
  const reader = new WireReader(bytes);
  reader.position = start + HEAD_BYTES;
  try {
    return decodeContent(reader, end, definitions);
  } catch {
    // A record that was written whole and cannot be read is of a later release.
    return undefined;
  }
}

function decodeContent(reader: WireReader, end: number, definitions: Definitions): LogRecord | undefined {
  const kind = KINDS[reader.varint(end)];
  switch (kind) {
    case 'header': {
      if (reader.varint(end) !== VERSION) return undefined;
      const ledger = Buffer.from(reader.bytes(end)).toString('hex');
      return { kind, ledger, first: reader.uint64(end) };
    }
    case 'metric': {
      const index = reader.varint(end);
      const device = reader.string(end);
      const name = reader.string(end);
      const dataType = reader.varint(end) as DataType;
      const properties = JSON.parse(reader.string(end)) as OutboxMetric['properties'];
      return { kind, index, device, metric: { name, dataType, properties } };
    }
    case 'boot':
      return { kind, index: reader.varint(end), boot: reader.string(end) };
    case 'data':
      return decodeData(reader, end, definitions);
    case 'reserve':
      return { kind, number: reader.uint64(end), machineBoot: reader.string(end) };
    case 'close':
      return { kind, number: reader.uint64(end) };
    default:
      return undefined;
  }
}

function decodeData(reader: WireReader, end: number, { metrics, boots }: Definitions): LogRecord | undefined {
  const first = reader.uint64(end);
  const timeMs = reader.double(end);
  const flags = reader.varint(end);
  const clock = CLOCK_STATES[flags & 3];
  const boot = flags & 4 ? boots[reader.varint(end)] : undefined;
  const monotonicMs = flags & 4 ? reader.double(end) : 0;
  const samples: OutboxSample[] = [];
  let device: string | undefined;
  for (let left = reader.varint(end); left > 0; left--) {
    const definition = metrics[reader.varint(end)];
    const tag = reader.varint(end);
    const quality = QUALITIES[tag & 3];
    const value = readValue(reader, end, FORMS[tag >> 2]);
    if (!definition || !quality || value === undefined) return undefined;
    device ??= definition.device;
    samples.push({ metric: definition.metric, value, quality });
  }
  if (!clock || device === undefined) return undefined;
  const moment = boot === undefined ? {} : { moment: { boot, monotonicMs } };
  return { kind: 'data', message: { first, device, stamp: { timeMs, clock, ...moment }, samples } };
}

function readValue(
  reader: WireReader,
  end: number,
  form: string | undefined,
): OutboxSample['value'] | undefined {
  if (form === 'null') return null;
  if (form === 'false' || form === 'true') return form === 'true';
  if (form === 'double') return reader.double(end);
  if (form === 'whole') return reader.varint(end);
  return form === 'text' ? reader.string(end) : undefined;
}
