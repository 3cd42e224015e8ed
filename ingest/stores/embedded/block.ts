import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { deltasRoom, readDeltas, writeDeltas } from './integer-column.ts';
import { Points } from './points.ts';
import { readValues, valueForm, writeValues } from './value-column.ts';

/**
 * A block holds points of one series, in order of time, as one zstd frame with a checksum:
 *
 *     0  u32  rows
 *     4  u8   value form: 0–6 = decimal places of integers kept as deltas, 255 = doubles
 *     5  u8   status form: 0 = one byte for all rows, 1 = a byte for each
 *     6  u16  zero
 *     8       times: the first time, the first interval, then the changes of the interval, as integer columns
 *             values: an integer column of value · 10^places, or rows × 8 bytes, all first bytes before all second ones
 *             statuses: bit 4 marks a text
 *             texts: a JSON list of strings in order of rows, to the end
 *
 * Numbers are little-endian. Sensors report a fixed number of decimal places, and then the integer form takes a
 * third of the space of compressed doubles at twice the speed (docs/decisions/003-embedded-store.md).
 */
const HEADER_BYTES = 8;
const TEXT = 0x10;

/** zstd's fastest ordinary level: level 3 gained nothing on sensor data. */
export const ZSTD = {
  params: { [constants.ZSTD_c_compressionLevel]: 1, [constants.ZSTD_c_checksumFlag]: 1 },
} as const;

const utf8Encoder = new TextEncoder();
const utf8Decoder = new TextDecoder();

/** `points` are in order; every time is a whole number of at most 2^48 ms. */
export function encodeBlock(points: Points, from: number, to: number): Uint8Array {
  const rows = to - from;
  const texts: string[] = [];
  const status = points.status.slice(from, to);
  const values = points.value.slice(from, to);
  for (let row = 0; points.texts && row < rows; row++) {
    const text = points.texts.get(from + row);
    if (text === undefined) continue;
    texts.push(text);
    status[row] = status[row]! | TEXT;
    values[row] = row > 0 ? values[row - 1]! : 0;
  }
  const textBytes = texts.length > 0 ? utf8Encoder.encode(JSON.stringify(texts)) : new Uint8Array();
  const bytes = new Uint8Array(HEADER_BYTES + 2 * deltasRoom(rows) + rows + textBytes.length);
  new DataView(bytes.buffer).setUint32(0, rows, true);
  let at = writeDeltas(bytes, HEADER_BYTES, intervals(points.timeMs, from, to), rows);
  const form = valueForm(values);
  bytes[4] = form;
  at = writeValues(bytes, at, values, form);
  const isUniform = status.every((one) => one === status[0]);
  bytes[5] = isUniform ? 0 : 1;
  bytes.set(isUniform ? status.subarray(0, 1) : status, at);
  at += isUniform ? 1 : rows;
  bytes.set(textBytes, at);
  return zstdCompressSync(bytes.subarray(0, at + textBytes.length), ZSTD);
}

/** Throws where the bytes are not what `encodeBlock` wrote. */
export function decodeBlock(block: Uint8Array): Points {
  const bytes = zstdDecompressSync(block);
  const rows = bytes.readUInt32LE(0);
  const points = new Points(rows);
  points.length = rows;
  let at = readDeltas(bytes, HEADER_BYTES, points.timeMs, rows);
  accumulate(points.timeMs);
  at = readValues(bytes, at, points.value, bytes[4]!);
  if (bytes[5] === 0) points.status.fill(bytes[at++]!);
  else {
    points.status.set(bytes.subarray(at, at + rows));
    at += rows;
  }
  if (at < bytes.length) {
    readTexts(points, JSON.parse(utf8Decoder.decode(bytes.subarray(at))) as string[]);
  }
  return points;
}

function readTexts(points: Points, texts: readonly string[]): void {
  points.texts = new Map();
  for (let row = 0, next = 0; row < points.length; row++) {
    if (!(points.status[row]! & TEXT)) continue;
    points.texts.set(row, texts[next++]!);
    points.status[row] = points.status[row]! & ~TEXT;
    points.value[row] = Number.NaN;
  }
}

/** The first time and then the distances, whose own differences are mostly zero. */
function intervals(timeMs: Float64Array, from: number, to: number): Float64Array {
  const result = new Float64Array(to - from);
  for (let row = from; row < to; row++) {
    result[row - from] = row === from ? timeMs[row]! : timeMs[row]! - timeMs[row - 1]!;
  }
  return result;
}

function accumulate(intervalMs: Float64Array): void {
  for (let row = 1; row < intervalMs.length; row++) {
    intervalMs[row] = intervalMs[row - 1]! + intervalMs[row]!;
  }
}
