/** A measured value as an unsigned register: rounded, and held at the ends of its range as devices do. */
export function unsigned16(value: number): number {
  return Math.min(0xffff, Math.max(0, Math.round(value)));
}

/** As a two’s complement register. */
export function signed16(value: number): number {
  return Math.min(0x7fff, Math.max(-0x8000, Math.round(value))) & 0xffff;
}

/** A single-precision float in two registers, high word first (ABCD). */
export function float32Words(value: number): [number, number] {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return [view.getUint16(0), view.getUint16(2)];
}

/** A count in two registers, high word first (ABCD); it starts again at 0 after 2³² − 1. */
export function unsigned32Words(value: number): [number, number] {
  const count = Math.floor(value) % 2 ** 32;
  return [Math.floor(count / 0x10000), count % 0x10000];
}
