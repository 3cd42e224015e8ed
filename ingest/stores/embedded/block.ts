import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { deltasRoom, MAX_INTEGER, readDeltas, writeDeltas } from './integer-column.ts';
import { Points } from './points.ts';

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
const DOUBLES = 255;
const MOST_PLACES = 6;
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
  const places = decimalPlaces(values);
  bytes[4] = places ?? DOUBLES;
  at = places === undefined ? writeDoubles(bytes, at, values) : writeDecimals(bytes, at, values, places);
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
  const form = bytes[4]!;
  if (form === DOUBLES) at = readDoubles(bytes, at, points.value);
  else {
    at = readDeltas(bytes, at, points.value, rows);
    const scale = 10 ** form;
    if (form > 0) for (let row = 0; row < rows; row++) points.value[row] = points.value[row]! / scale;
  }
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

/** How many decimal places give every value back exactly, or undefined where none does. */
function decimalPlaces(values: Float64Array): number | undefined {
  for (let places = 0, row = 0; places <= MOST_PLACES; places++) {
    const scale = 10 ** places;
    // Rows that fitted with fewer places nearly always fit with more, so look at the row that failed first.
    if (!isDecimal(values[row]!, scale)) continue;
    row = values.findIndex((value) => !isDecimal(value, scale));
    if (row === -1) return places;
  }
  return undefined;
}

function isDecimal(value: number, scale: number): boolean {
  const scaled = Math.round(value * scale);
  // Negative zero would come back as zero.
  return (
    scaled / scale === value && Math.abs(scaled) <= MAX_INTEGER && (scaled !== 0 || !Object.is(value, -0))
  );
}

function writeDecimals(bytes: Uint8Array, at: number, values: Float64Array, places: number): number {
  const scale = 10 ** places;
  return writeDeltas(
    bytes,
    at,
    values.map((value) => Math.round(value * scale)),
    values.length,
  );
}

/** Bytes of the same weight side by side compress better than doubles as they are. */
function writeDoubles(bytes: Uint8Array, at: number, values: Float64Array): number {
  const rows = values.length;
  const source = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let row = 0; row < rows; row++) {
    for (let byte = 0; byte < 8; byte++) bytes[at + byte * rows + row] = source[row * 8 + byte]!;
  }
  return at + rows * 8;
}

function readDoubles(bytes: Uint8Array, at: number, values: Float64Array): number {
  const rows = values.length;
  const target = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  for (let row = 0; row < rows; row++) {
    for (let byte = 0; byte < 8; byte++) target[row * 8 + byte] = bytes[at + byte * rows + row]!;
  }
  return at + rows * 8;
}
