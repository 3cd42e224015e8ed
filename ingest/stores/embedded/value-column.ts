import { MAX_INTEGER, readDeltas, writeDeltas } from './integer-column.ts';

/** A column of numbers in one of two forms: 0–6 = decimal places of integers kept as deltas, 255 = doubles. */
const DOUBLES = 255;
const MOST_PLACES = 6;

/** The shorter form that gives every value back exactly. */
export function valueForm(values: Float64Array): number {
  return decimalPlaces(values) ?? DOUBLES;
}

/** Appends to a buffer that has eight bytes of room for each value at `at`; returns where it ended. */
export function writeValues(bytes: Uint8Array, at: number, values: Float64Array, form: number): number {
  return form === DOUBLES ? writeDoubles(bytes, at, values) : writeDecimals(bytes, at, values, form);
}

/** Fills `values`; returns where it ended. Throws a RangeError where the bytes end early. */
export function readValues(bytes: Uint8Array, at: number, values: Float64Array, form: number): number {
  if (form === DOUBLES) return readDoubles(bytes, at, values);
  const end = readDeltas(bytes, at, values, values.length);
  const scale = 10 ** form;
  if (form > 0) for (let row = 0; row < values.length; row++) values[row] = values[row]! / scale;
  return end;
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
