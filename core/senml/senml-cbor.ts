import { decode, encode, Tag } from 'cbor2';
import { reasonOf } from '../errors.ts';
import { checkRecords, senmlError } from './check-records.ts';
import { SENML_LIMITS, type SenmlLimits, type SenmlRecord } from './senml.ts';

/** RFC 8428, table 4. */
const LABELS = {
  bver: -1,
  bn: -2,
  bt: -3,
  bu: -4,
  bv: -5,
  bs: -6,
  n: 0,
  u: 1,
  v: 2,
  vs: 3,
  vb: 4,
  s: 5,
  t: 6,
  ut: 7,
  vd: 8,
} as const satisfies Record<keyof SenmlRecord, number>;

const NAMES: ReadonlyMap<unknown, string> = new Map(
  Object.entries(LABELS).map(([name, label]) => [label, name]),
);

/** A pack is three deep; a decimal fraction in it is one more. */
const MAX_DEPTH = 6;
const DECIMAL_FRACTION = 4;

/** Throws `PAYLOAD_INVALID` for what is no SenML CBOR, or above the limits. No tag makes it build anything. */
export function decodeSenmlCbor(bytes: Uint8Array, limits: SenmlLimits = SENML_LIMITS): SenmlRecord[] {
  const { length } = bytes;
  if (length > limits.maxBytes) throw senmlError(`more than ${limits.maxBytes} bytes`, length);
  let pack: unknown;
  try {
    pack = decode(bytes, { maxDepth: MAX_DEPTH, preferMap: true, ignoreGlobalTags: true });
  } catch (error) {
    throw senmlError(`not CBOR: ${reasonOf(error).slice(0, 100)}`, length, error);
  }
  const records = Array.isArray(pack) ? pack.map(fieldsOf) : pack;
  return checkRecords(records, limits, length);
}

/** Numbers take the shortest form that holds them exactly. */
export function encodeSenmlCbor(pack: readonly SenmlRecord[]): Uint8Array {
  const maps = pack.map(
    (record) =>
      new Map(
        Object.entries(record)
          .filter(([, value]) => value !== undefined)
          .map(([name, value]) => [LABELS[name as keyof SenmlRecord], value]),
      ),
  );
  return encode(maps);
}

/** Text labels are let through beside the numbers: some libraries send JSON's names. */
function fieldsOf(record: unknown): unknown {
  if (!(record instanceof Map)) return record;
  return new Map([...record].map(([label, value]) => [NAMES.get(label) ?? label, plain(value)]));
}

/** Integers past 2^53 lose their last digits; a decimal fraction is [exponent, mantissa] under tag 4 (RFC 8949, 3.4.4). */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (!(value instanceof Tag)) return value;
  const { tag, contents } = value;
  if (Number(tag) !== DECIMAL_FRACTION || !Array.isArray(contents) || contents.length !== 2) return value;
  const [exponent, mantissa] = contents.map(Number);
  return Number(`${mantissa}e${exponent}`);
}
