import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { LastRows } from '../last-values.ts';
import { ZSTD } from './block.ts';

/** Rows of many series, as they go from the adapter to the engine and from the engine into the log. */
export type LogRows = LastRows;

/**
 * One batch in the log, as one zstd frame with a checksum; n rows, little-endian:
 *
 *     0       u32 n · u32 zero
 *     8       n × f64 times (ms) · n × f64 values · n × u32 series · n × u8 statuses
 *             texts: a JSON list of [row, text], to the end
 */
const HEADER_BYTES = 8;

export function encodeLogRecord(rows: LogRows): Uint8Array {
  const { length } = rows;
  const texts = rows.texts.size > 0 ? new TextEncoder().encode(JSON.stringify([...rows.texts])) : undefined;
  const bytes = new Uint8Array(HEADER_BYTES + length * 21 + (texts?.length ?? 0));
  new DataView(bytes.buffer).setUint32(0, length, true);
  let at = HEADER_BYTES;
  for (const column of [rows.timeMs, rows.value, rows.seriesId, rows.status]) {
    const used = column.subarray(0, length);
    bytes.set(new Uint8Array(used.buffer, used.byteOffset, used.byteLength), at);
    at += used.byteLength;
  }
  if (texts) bytes.set(texts, at);
  return zstdCompressSync(bytes, ZSTD);
}

/** Throws where the bytes are not what `encodeLogRecord` wrote. */
export function decodeLogRecord(record: Uint8Array): LogRows {
  const unpacked = zstdDecompressSync(record);
  // Columns of eight bytes must start at a multiple of eight, which a pooled buffer does not.
  const bytes = new Uint8Array(unpacked);
  const length = new DataView(bytes.buffer).getUint32(0, true);
  const columnsEnd = HEADER_BYTES + length * 21;
  if (bytes.length < columnsEnd) throw new RangeError('a log record ends before its last row');
  const texts = bytes.length > columnsEnd ? new TextDecoder().decode(bytes.subarray(columnsEnd)) : '[]';
  return {
    length,
    timeMs: new Float64Array(bytes.buffer, HEADER_BYTES, length),
    value: new Float64Array(bytes.buffer, HEADER_BYTES + length * 8, length),
    seriesId: new Uint32Array(bytes.buffer, HEADER_BYTES + length * 16, length),
    status: new Uint8Array(bytes.buffer, HEADER_BYTES + length * 20, length),
    texts: new Map(JSON.parse(texts) as [number, string][]),
  };
}
