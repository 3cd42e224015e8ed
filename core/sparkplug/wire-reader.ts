import { SluiceError } from '../errors.ts';

const TWO_32 = 0x1_0000_0000;

/**
 * Protobuf primitives over bytes that nobody has checked. Every read stops at `end`; whatever does not fit throws
 * `PAYLOAD_INVALID`. Nothing here recurses or allocates by a length that came from the wire.
 */
export class WireReader {
  readonly #bytes: Buffer;
  position = 0;
  /** The upper half of the last varint that was read; its lower half is what the read returned. */
  high = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  get length(): number {
    return this.#bytes.length;
  }

  /** The lower 32 bits, unsigned; the upper ones are in `high`. As everywhere, bits beyond 64 fall off. */
  varint(end: number): number {
    const first = this.#byte(end);
    this.high = 0;
    if (first < 0x80) return first;
    let low = first & 0x7f;
    for (let shift = 7; shift < 28; shift += 7) {
      const byte = this.#byte(end);
      low |= (byte & 0x7f) << shift;
      if (byte < 0x80) return low >>> 0;
    }
    // The fifth byte lies across both halves: four bits in the lower, three in the upper.
    let byte = this.#byte(end);
    low = (low | (byte << 28)) >>> 0;
    let high = (byte >> 4) & 7;
    for (let shift = 3; byte >= 0x80; shift += 7) {
      if (shift > 31) throw this.invalid('a varint is longer than 10 bytes');
      byte = this.#byte(end);
      high |= (byte & 0x7f) << shift;
    }
    this.high = high >>> 0;
    return low;
  }

  /** An unsigned 64-bit varint as a number: exact up to 2⁵³, rounded beyond. */
  uint64(end: number): number {
    const low = this.varint(end);
    return this.high === 0 ? low : this.high * TWO_32 + low;
  }

  float(end: number): number {
    const at = this.#take(4, end);
    return this.#bytes.readFloatLE(at);
  }

  double(end: number): number {
    const at = this.#take(8, end);
    return this.#bytes.readDoubleLE(at);
  }

  /** UTF-8; bytes that are not become U+FFFD. */
  string(end: number): string {
    const length = this.varint(end);
    const at = this.#take(this.high === 0 ? length : Number.POSITIVE_INFINITY, end);
    return this.#bytes.toString('utf8', at, at + length);
  }

  /** In the memory of what is being read. */
  bytes(end: number): Uint8Array {
    const length = this.varint(end);
    const at = this.#take(this.high === 0 ? length : Number.POSITIVE_INFINITY, end);
    return this.#bytes.subarray(at, at + length);
  }

  /** Reads the length of a nested message and returns where that message ends. */
  nested(end: number): number {
    const length = this.varint(end);
    const at = this.#take(this.high === 0 ? length : Number.POSITIVE_INFINITY, end);
    this.position = at;
    return at + length;
  }

  /** Passes over the value of a field that is unknown, or that came with another wire type than its own. */
  skip(tag: number, end: number): void {
    if (tag < 8) throw this.invalid('a field has the number 0');
    const wireType = tag & 7;
    if (wireType === 0) this.varint(end);
    else if (wireType === 1) this.#take(8, end);
    else if (wireType === 2) this.position = this.nested(end);
    else if (wireType === 5) this.#take(4, end);
    else throw this.invalid(`a field has the wire type ${wireType}`);
  }

  invalid(reason: string): SluiceError {
    return new SluiceError('PAYLOAD_INVALID', { reason, offset: this.position, length: this.length });
  }

  #byte(end: number): number {
    if (this.position >= end) throw this.invalid('it ends in the middle of a number');
    return this.#bytes[this.position++]!;
  }

  #take(count: number, end: number): number {
    const at = this.position;
    if (count > end - at) throw this.invalid('a length points past the end');
    this.position = at + count;
    return at;
  }
}
