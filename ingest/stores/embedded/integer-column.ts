/**
 * Integers as the zigzag varints of their differences, so that what changes slowly takes a byte a row.
 * Seven bits a byte, low bits first, the high bit says that more follow.
 */

/** The greatest magnitude whose differences, doubled by zigzag, are still exact in a double. */
export const MAX_INTEGER = 2 ** 50;

const LONGEST_VARINT = 8;

/** Appends to a buffer that has `8 * count` bytes of room at `at`; returns where it ended. */
export function writeDeltas(bytes: Uint8Array, at: number, values: Float64Array, count: number): number {
  let previous = 0;
  let to = at;
  for (let row = 0; row < count; row++) {
    const value = values[row]!;
    const delta = value - previous;
    previous = value;
    let zigzag = delta < 0 ? -2 * delta - 1 : 2 * delta;
    while (zigzag >= 128) {
      bytes[to++] = (zigzag % 128) | 128;
      zigzag = Math.floor(zigzag / 128);
    }
    bytes[to++] = zigzag;
  }
  return to;
}

/** Reads `count` integers into `values`; returns where it ended. Throws a RangeError where the bytes end early. */
export function readDeltas(bytes: Uint8Array, at: number, values: Float64Array, count: number): number {
  let previous = 0;
  let from = at;
  for (let row = 0; row < count; row++) {
    const first = bytes[from++]!;
    if (first < 128) {
      previous += (first >>> 1) ^ -(first & 1);
    } else {
      let zigzag = first & 127;
      let scale = 128;
      let byte: number;
      do {
        byte = bytes[from++]!;
        zigzag += (byte & 127) * scale;
        scale *= 128;
      } while (byte >= 128);
      previous += zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
    }
    values[row] = previous;
  }
  if (from > bytes.length) throw new RangeError('a column ends before its last row');
  return from;
}

export function deltasRoom(count: number): number {
  return LONGEST_VARINT * count;
}
