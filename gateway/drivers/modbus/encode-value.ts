import { converter } from '../../../core/units.ts';
import { type ByteOrder, type NumberFormat, registersOf } from './decode-value.ts';

/** Registers that hold `value` (in the canonical unit), or the least and greatest value that they could hold. */
export type EncodeNumber = (value: number) => { registers: number[] } | { least: number; most: number };

/**
 * The way back of `numberDecoder`: a whole-number format takes the nearest value that it can hold. `undefined` where
 * the units do not convert.
 */
export function numberEncoder(format: NumberFormat): EncodeNumber | undefined {
  const convert = converter(format.fromUnit, format.toUnit);
  if (!convert) return undefined;
  // Every conversion is a line: two points of it give the way back.
  const zero = convert(0);
  const slope = convert(1) - zero;
  const { type, order, scale, offset } = format;
  const toCanonical = (raw: number) => (raw * scale + offset) * slope + zero;
  const [lowest, highest] = BOUNDS[type];
  const [least = 0, most = 0] = [toCanonical(lowest), toCanonical(highest)].sort((a, b) => a - b);
  return (value) => {
    const exact = ((value - zero) / slope - offset) / scale;
    const raw = type === 'f32' || type === 'f64' ? exact : Math.round(exact);
    if (!(raw >= lowest && raw <= highest)) return { least, most };
    return { registers: rawRegisters(type, order, raw) };
  };
}

const LARGEST_F32 = 3.4028234663852886e38;

const BOUNDS: Record<NumberFormat['type'], readonly [number, number]> = {
  u16: [0, 0xffff],
  i16: [-0x8000, 0x7fff],
  u32: [0, 0xffff_ffff],
  i32: [-0x8000_0000, 0x7fff_ffff],
  f32: [-LARGEST_F32, LARGEST_F32],
  f64: [-Number.MAX_VALUE, Number.MAX_VALUE],
};

const writers: Record<NumberFormat['type'], (view: DataView, raw: number) => void> = {
  u16: (view, raw) => view.setUint16(0, raw),
  i16: (view, raw) => view.setInt16(0, raw),
  u32: (view, raw) => view.setUint32(0, raw),
  i32: (view, raw) => view.setInt32(0, raw),
  f32: (view, raw) => view.setFloat32(0, raw),
  f64: (view, raw) => view.setFloat64(0, raw),
};

/** A raw number as registers in the order in which they go over the wire. */
export function rawRegisters(type: NumberFormat['type'], order: ByteOrder, raw: number): number[] {
  const words = registersOf(type);
  const view = new DataView(new ArrayBuffer(8));
  writers[type](view, raw);
  const swapsWords = order === 'CDAB' || order === 'DCBA';
  const swapsBytes = order === 'BADC' || order === 'DCBA';
  const registers = Array.from({ length: words }, (_, word) => view.getUint16(2 * word, swapsBytes));
  return swapsWords ? registers.reverse() : registers;
}
