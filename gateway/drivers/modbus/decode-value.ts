import { converter } from '../../../core/units.ts';

export const NUMBER_TYPES = ['u16', 'i16', 'u32', 'i32', 'f32', 'f64'] as const;
export const VALUE_TYPES = [...NUMBER_TYPES, 'bit'] as const;
export type ValueType = (typeof VALUE_TYPES)[number];

/** Order of the bytes of a 32-bit value as they arrive; for 64 bits the same rule is carried on. */
export const BYTE_ORDERS = ['ABCD', 'CDAB', 'BADC', 'DCBA'] as const;
export type ByteOrder = (typeof BYTE_ORDERS)[number];

const REGISTERS: Record<ValueType, number> = { u16: 1, i16: 1, u32: 2, i32: 2, f32: 2, f64: 4, bit: 1 };

export function registersOf(type: ValueType): number {
  return REGISTERS[type];
}

export interface NumberFormat {
  readonly type: (typeof NUMBER_TYPES)[number];
  readonly order: ByteOrder;
  readonly scale: number;
  readonly offset: number;
  /** What `raw × scale + offset` is in, and what is wanted. */
  readonly fromUnit: string;
  readonly toUnit: string;
}

export type DecodeNumber = (registers: readonly number[], at: number) => number;

/**
 * The function that takes a value out of registers and brings it to its canonical unit; `undefined` where the units
 * do not convert. The result is not a number where the device sent none.
 */
export function numberDecoder(format: NumberFormat): DecodeNumber | undefined {
  const convert = converter(format.fromUnit, format.toUnit);
  if (!convert) return undefined;
  const raw = rawDecoder(format.type, format.order);
  const scaled = scaler(format.scale, format.offset);
  return (registers, at) => convert(scaled(raw(registers, at)));
}

function rawDecoder(type: NumberFormat['type'], order: ByteOrder): DecodeNumber {
  const words = registersOf(type);
  const swapsWords = order === 'CDAB' || order === 'DCBA';
  const swapsBytes = order === 'BADC' || order === 'DCBA';
  const view = new DataView(new ArrayBuffer(8));
  const read = readers[type];
  return (registers, at) => {
    for (let word = 0; word < words; word++) {
      const register = registers[at + (swapsWords ? words - 1 - word : word)]!;
      view.setUint16(2 * word, register, swapsBytes);
    }
    return read(view);
  };
}

const readers: Record<NumberFormat['type'], (view: DataView) => number> = {
  u16: (view) => view.getUint16(0),
  i16: (view) => view.getInt16(0),
  u32: (view) => view.getUint32(0),
  i32: (view) => view.getInt32(0),
  f32: (view) => view.getFloat32(0),
  f64: (view) => view.getFloat64(0),
};

/** Tenths are divided by 10, since 234 × 0.1 is 23.400000000000002. */
function scaler(scale: number, offset: number): (value: number) => number {
  const divisor = Math.round(1 / scale);
  const isFraction = Math.abs(scale) < 1 && Math.abs(1 / scale - divisor) < 1e-9 * Math.abs(divisor);
  if (isFraction) return (value) => value / divisor + offset;
  return (value) => value * scale + offset;
}
