const TWO_32 = 0x1_0000_0000;

/** Encoding is synchronous, so one buffer serves every payload that fits; a larger one gets its own. */
const scratch = Buffer.allocUnsafeSlow(64 * 1024);

/** Protobuf primitives into a buffer that grows. */
export class WireWriter {
  #bytes = scratch;
  #position = 0;

  /** `tag` is field number × 8 + wire type; every tag of Sparkplug fits two bytes. */
  tag(tag: number): void {
    this.uint32(tag);
  }

  uint32(value: number): void {
    this.#reserve(5);
    let rest = value >>> 0;
    while (rest > 0x7f) {
      this.#bytes[this.#position++] = (rest & 0x7f) | 0x80;
      rest >>>= 7;
    }
    this.#bytes[this.#position++] = rest;
  }

  /** A whole number of any sign as 64-bit two's complement. */
  int64(value: number | bigint): void {
    let low: number;
    let high: number;
    if (typeof value === 'bigint') {
      const unsigned = BigInt.asUintN(64, value);
      low = Number(unsigned & 0xffff_ffffn);
      high = Number(unsigned >> 32n);
    } else {
      low = value >>> 0;
      high = Math.floor(value / TWO_32) >>> 0;
    }
    this.#reserve(10);
    while (high > 0 || low > 0x7f) {
      this.#bytes[this.#position++] = (low & 0x7f) | 0x80;
      low = ((low >>> 7) | (high << 25)) >>> 0;
      high >>>= 7;
    }
    this.#bytes[this.#position++] = low;
  }

  boolean(value: boolean): void {
    this.#reserve(1);
    this.#bytes[this.#position++] = value ? 1 : 0;
  }

  float(value: number): void {
    this.#reserve(4);
    this.#position = this.#bytes.writeFloatLE(value, this.#position);
  }

  double(value: number): void {
    this.#reserve(8);
    this.#position = this.#bytes.writeDoubleLE(value, this.#position);
  }

  string(value: string): void {
    const length = Buffer.byteLength(value);
    this.uint32(length);
    this.#reserve(length);
    this.#position += this.#bytes.write(value, this.#position);
  }

  bytes(value: Uint8Array): void {
    this.uint32(value.length);
    this.#reserve(value.length);
    this.#bytes.set(value, this.#position);
    this.#position += value.length;
  }

  /** Begins a nested message, with room for a length of one byte; hand what it returns to `endNested`. */
  beginNested(): number {
    this.#reserve(1);
    return ++this.#position;
  }

  /** Writes the length; a message of 128 bytes or more is moved up to make room for it. */
  endNested(start: number): void {
    const length = this.#position - start;
    if (length <= 0x7f) {
      this.#bytes[start - 1] = length;
      return;
    }
    const more = Math.floor((31 - Math.clz32(length)) / 7);
    this.#reserve(more);
    this.#bytes.copyWithin(start + more, start, this.#position);
    this.#position = start - 1;
    this.uint32(length);
    this.#position += length;
  }

  /** The bytes so far, in memory of their own. */
  finish(): Uint8Array {
    return Uint8Array.prototype.slice.call(this.#bytes, 0, this.#position);
  }

  #reserve(count: number): void {
    const needed = this.#position + count;
    if (needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafeSlow(Math.max(needed, this.#bytes.length * 2));
    this.#bytes.copy(grown, 0, 0, this.#position);
    this.#bytes = grown;
  }
}
