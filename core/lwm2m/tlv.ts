import { SluiceError } from '../errors.ts';
import type { Path } from './path.ts';

/**
 * OMA TLV (LwM2M 1.0, section 6.4.3):
 *
 *     type 1 byte   7–6  00 object instance, 01 resource instance, 10 multiple resource, 11 resource
 *                   5    the id has two bytes
 *                   4–3  the length has 0 to 3 bytes of its own
 *                   2–0  the length, where 4–3 are 0
 *     id 1–2 · length 0–3 · value, or further TLVs in an object instance and in a multiple resource
 *
 * `c1 09 47` is resource 9 with the value 71.
 */
export interface TlvValue {
  readonly path: Path;
  readonly bytes: Uint8Array;
}

const OBJECT_INSTANCE = 0;
const RESOURCE_INSTANCE = 1;
const MULTIPLE = 2;
const RESOURCE = 3;
const MAX_VALUES = 5_000;

/**
 * Every value in `bytes`, which came for `path`. Clients differ in what they wrap: the ids in the TLVs go before those
 * of the path, and an instance that nobody names is 0. Throws `PAYLOAD_INVALID`.
 */
export function decodeTlv(bytes: Uint8Array, path: Path): TlvValue[] {
  const values: TlvValue[] = [];
  readLevel(bytes, [0, bytes.length], path, undefined, values);
  return values;
}

function readLevel(
  bytes: Uint8Array,
  [from, to]: readonly [number, number],
  path: Path,
  owner: number | undefined,
  values: TlvValue[],
): void {
  let position = from;
  const invalid = (reason: string) =>
    new SluiceError('PAYLOAD_INVALID', { reason, offset: position, length: bytes.length });
  const number = (size: number) => {
    if (position + size > to) throw invalid('a TLV is cut off');
    let value = 0;
    for (let index = 0; index < size; index++) value = value * 256 + bytes[position++]!;
    return value;
  };
  while (position < to) {
    const type = number(1);
    const kind = type >> 6;
    const id = number(type & 0x20 ? 2 : 1);
    const lengthSize = (type >> 3) & 3;
    const length = lengthSize === 0 ? type & 7 : number(lengthSize);
    if (position + length > to) throw invalid('a TLV is cut off');
    const own = pathOf(kind, id, path, owner);
    if (!own) throw invalid('a TLV stands where it cannot');
    if (kind === OBJECT_INSTANCE || kind === MULTIPLE) {
      readLevel(bytes, [position, position + length], own, kind, values);
    } else {
      if (values.length >= MAX_VALUES) throw invalid(`a payload has more than ${MAX_VALUES} values`);
      values.push({ path: own, bytes: bytes.subarray(position, position + length) });
    }
    position += length;
  }
}

/** Where a TLV of `kind` stands in a level whose path is `path`; `undefined` where it cannot be, so no level is its own. */
function pathOf(kind: number, id: number, path: Path, owner: number | undefined): Path | undefined {
  const [object, instance = 0, resource] = path;
  if (object === undefined) return undefined;
  switch (kind) {
    case OBJECT_INSTANCE:
      return owner === undefined ? [object, id] : undefined;
    case RESOURCE_INSTANCE:
      return owner === OBJECT_INSTANCE || resource === undefined
        ? undefined
        : [object, instance, resource, id];
    default:
      return owner === MULTIPLE ? undefined : [object, instance, id];
  }
}

/** One resource with one value, as a write wants it. */
export function encodeTlvResource(id: number, value: Uint8Array): Uint8Array {
  return encodeTlv(RESOURCE, id, value);
}

/** An object instance around resources, as a read of the object answers. */
export function encodeTlvInstance(id: number, resources: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(OBJECT_INSTANCE, id, Buffer.concat(resources));
}

/** A resource with several values, by their instance ids. */
export function encodeTlvMultiple(id: number, values: ReadonlyMap<number, Uint8Array>): Uint8Array {
  const parts = [...values].map(([instance, value]) => encodeTlv(RESOURCE_INSTANCE, instance, value));
  return encodeTlv(MULTIPLE, id, Buffer.concat(parts));
}

function encodeTlv(kind: number, id: number, value: Uint8Array): Uint8Array {
  const { length } = value;
  const lengthSize = length < 8 ? 0 : length < 0x100 ? 1 : length < 0x10000 ? 2 : 3;
  const type = (kind << 6) | (id > 255 ? 0x20 : 0) | (lengthSize << 3) | (lengthSize === 0 ? length : 0);
  const head = [type, ...bigEndian(id, id > 255 ? 2 : 1), ...bigEndian(length, lengthSize)];
  return Buffer.concat([Uint8Array.from(head), value]);
}

function bigEndian(value: number, size: number): number[] {
  return Array.from({ length: size }, (_, index) => (value >> (8 * (size - 1 - index))) & 255);
}
