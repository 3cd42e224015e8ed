import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import type { WindowSummary } from '../../rollups/window-summary.ts';
import { ZSTD } from './block.ts';
import { deltasRoom, readDeltas, writeDeltas } from './integer-column.ts';
import { readValues, valueForm, writeValues } from './value-column.ts';

/**
 * Roll-ups of one series, in order of time, as one zstd frame with a checksum:
 *
 *     0  u32    rows
 *     4  5 × u8 value forms of last, first, min, max, sum (see `value-column.ts`)
 *     9  u8     1 where there are histograms
 *     10        zeros
 *     16        integer columns: windows (counted from the block's start), counts, texts, first time and last time
 *               (ms into the window); value columns: last, first, min, max, sum
 *               histograms: an integer column of their lengths in bytes, then their bytes one after the other
 */
const HEADER_BYTES = 16;
const VALUES = ['last', 'first', 'min', 'max', 'sum'] as const;
const INTEGER_COLUMNS = 5;
type Five = [Float64Array, Float64Array, Float64Array, Float64Array, Float64Array];

/** `startMs` is where the block's windows of `everyMs` are counted from. */
export function encodeRollUps(rows: readonly WindowSummary[], startMs: number, everyMs: number): Uint8Array {
  const { length } = rows;
  const histograms = rows.map(({ histogram }) => histogram?.toBytes() ?? new Uint8Array());
  const histogramBytes = histograms.reduce((sum, bytes) => sum + bytes.length, 0);
  const room = HEADER_BYTES + (INTEGER_COLUMNS + VALUES.length + 1) * deltasRoom(length) + histogramBytes;
  const bytes = new Uint8Array(room);
  new DataView(bytes.buffer).setUint32(0, length, true);
  let at = HEADER_BYTES;
  const integers = (of: (row: WindowSummary) => number) => {
    at = writeDeltas(bytes, at, columnOf(rows, of), length);
  };
  integers(({ windowMs }) => (windowMs - startMs) / everyMs);
  integers(({ count }) => count);
  integers(({ texts }) => texts);
  integers(({ firstMs, windowMs, count }) => (count === 0 ? 0 : firstMs - windowMs));
  integers(({ lastMs, windowMs, count }) => (count === 0 ? 0 : lastMs - windowMs));
  let scale = 1;
  VALUES.forEach((name, index) => {
    const values = columnOf(rows, (row) => (name === 'sum' ? tidySum(row, scale) : row[name]));
    const form = valueForm(values);
    bytes[4 + index] = form;
    at = writeValues(bytes, at, values, form);
    if (form <= 6) scale = Math.max(scale, 10 ** form);
  });
  if (histogramBytes > 0) {
    bytes[9] = 1;
    at = writeDeltas(
      bytes,
      at,
      Float64Array.from(histograms, (one) => one.length),
      length,
    );
    for (const one of histograms) {
      bytes.set(one, at);
      at += one.length;
    }
  }
  return zstdCompressSync(bytes.subarray(0, at), ZSTD);
}

/** The rows whose windows begin within the range. Throws where the bytes are not what `encodeRollUps` wrote. */
export function decodeRollUps(
  block: Uint8Array,
  startMs: number,
  everyMs: number,
  fromMs = Number.NEGATIVE_INFINITY,
  toMs = Number.POSITIVE_INFINITY,
): WindowSummary[] {
  const bytes = zstdDecompressSync(block);
  const length = bytes.readUInt32LE(0);
  let at = HEADER_BYTES;
  const integers = () => {
    const column = new Float64Array(length);
    at = readDeltas(bytes, at, column, length);
    return column;
  };
  const numbers = (index: number) => {
    const column = new Float64Array(length);
    at = readValues(bytes, at, column, bytes[4 + index]!);
    return column;
  };
  // In the order in which they are written.
  const [windows, counts, texts, firstMs, lastMs] = Array.from({ length: INTEGER_COLUMNS }, integers) as Five;
  const [last, first, min, max, sum] = VALUES.map((_, index) => numbers(index)) as Five;
  const histogramBytes = bytes[9] === 1 ? integers() : undefined;
  const rows: WindowSummary[] = [];
  for (let row = 0; row < length; row++) {
    const end = at + (histogramBytes?.[row] ?? 0);
    const windowMs = startMs + windows[row]! * everyMs;
    if (windowMs >= toMs) break;
    if (windowMs >= fromMs) {
      // One form for all, so that going through them stays quick.
      rows.push({
        windowMs,
        count: counts[row]!,
        sum: sum[row]!,
        min: min[row]!,
        max: max[row]!,
        first: first[row]!,
        firstMs: windowMs + firstMs[row]!,
        last: last[row]!,
        lastMs: windowMs + lastMs[row]!,
        texts: texts[row]!,
        histogram: end > at ? LatencyHistogram.fromBytes(bytes.subarray(at, end)) : undefined,
      });
    }
    at = end;
  }
  return rows;
}

/** `Float64Array.from` goes through the iterator of an array, which takes three times as long. */
function columnOf(rows: readonly WindowSummary[], of: (row: WindowSummary) => number): Float64Array {
  const column = new Float64Array(rows.length);
  for (let row = 0; row < rows.length; row++) column[row] = of(rows[row]!);
  return column;
}

/**
 * The sum of decimals is a decimal, and the doubles that add up to it miss it by a few of the last bits. Without
 * these it is nearer to the truth, and takes a third of the space.
 */
function tidySum({ sum, count, min, max }: WindowSummary, scale: number): number {
  const tidy = Math.round(sum * scale) / scale;
  const rounding = Number.EPSILON * count * Math.max(Math.abs(min), Math.abs(max)) * count;
  return Math.abs(tidy - sum) <= rounding && !Object.is(sum, -0) ? tidy : sum;
}
