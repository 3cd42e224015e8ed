import { pushVarint, VarintReader } from './varint.ts';

/**
 * Bounds of the buckets: bucket i holds what is above γ^(i−1) and not above γ^i, and answers with 2·γ^i/(γ+1), which
 * is at most 1 % away from either bound.
 */
const RELATIVE_ERROR = 0.01;
const GAMMA = (1 + RELATIVE_ERROR) / (1 - RELATIVE_ERROR);
const LN_GAMMA = Math.log(GAMMA);

/** Magnitudes below count as zero: a nanosecond, where values are milliseconds. */
const SMALLEST = 1e-6;
/** Magnitudes above count as this one. */
const LARGEST = 1e9;
const LOWEST = bucketOf(SMALLEST);
const HIGHEST = bucketOf(LARGEST);

/** The most buckets that one histogram can have: both signs, and zero. */
export const MOST_BUCKETS = 2 * (HIGHEST - LOWEST + 1) + 1;

const VERSION = 1;
/** What a power of `GAMMA` may be off by, relatively. */
const ROUNDING = 1e-12;

/**
 * How often each value came, with values known to 1 %: logarithmic buckets of which only those in use exist. Counts
 * are exact and add up, so parts of a day may be merged in any order and any grouping, and give the same as the day.
 *
 * Buckets are kept by a key that sorts as the values do: 0 for zero, k for the k-th above `SMALLEST`, −k for its negative.
 */
export class LatencyHistogram {
  readonly #counts = new Map<number, number>();
  #count = 0;

  /** `value` is finite. */
  add(value: number, count = 1): void {
    this.#add(keyOf(value), count);
  }

  merge(other: LatencyHistogram): void {
    for (const [key, count] of other.#counts) this.#add(key, count);
  }

  /** How many values were added. */
  get count(): number {
    return this.#count;
  }

  get buckets(): number {
    return this.#counts.size;
  }

  /**
   * The value at the nearest rank: of n values in order the ⌈q·n⌉-th, within 1 % (within `SMALLEST` of zero). NaN
   * where there is none. `q` from 0 to 1.
   */
  quantile(q: number): number {
    // What a product of decimals is above a whole number by is rounding and not a rank.
    const rank = Math.max(1, Math.ceil(q * this.#count - 1e-9));
    let passed = 0;
    for (const key of this.#keys()) {
      passed += this.#counts.get(key)!;
      if (passed >= rank) return middleOf(key);
    }
    return Number.NaN;
  }

  /**
   * How many values are `limit` or above: at least those in buckets that begin there or later, at most those in buckets that end
   * there or later. They differ by what is in the bucket that `limit` lies in. `limit` is above zero.
   */
  countFrom(limit: number): { readonly least: number; readonly most: number } {
    let least = 0;
    let most = 0;
    for (const [key, count] of this.#counts) {
      if (key <= 0) continue;
      const upper = GAMMA ** (key - 1 + LOWEST);
      // A bound that rounding has moved is not known either way.
      if ((upper / GAMMA) * (1 - ROUNDING) >= limit) least += count;
      if (upper * (1 + ROUNDING) >= limit) most += count;
    }
    return { least, most };
  }

  /**
   * All of it in a few bytes, numbers as varints (seven bits a byte, low bits first, the high bit says that more follow):
   *
   *     0   1, the version · number of buckets
   *         for each bucket, in order: its key less the one before (the first less 0) in zigzag · its count
   */
  toBytes(): Uint8Array {
    const bytes = [VERSION];
    pushVarint(bytes, this.#counts.size);
    let before = 0;
    for (const key of this.#keys()) {
      const delta = key - before;
      before = key;
      pushVarint(bytes, delta < 0 ? -2 * delta - 1 : 2 * delta);
      pushVarint(bytes, this.#counts.get(key)!);
    }
    return Uint8Array.from(bytes);
  }

  /** Throws a RangeError where the bytes are not what `toBytes` makes. */
  static fromBytes(bytes: Uint8Array): LatencyHistogram {
    if (bytes[0] !== VERSION) throw new RangeError(`a histogram has an unknown version ${bytes[0]}`);
    const reader = new VarintReader(bytes, 1);
    const buckets = reader.next();
    if (buckets > MOST_BUCKETS) throw new RangeError(`a histogram has ${buckets} buckets`);
    const histogram = new LatencyHistogram();
    let key = 0;
    for (let bucket = 0; bucket < buckets; bucket++) {
      const zigzag = reader.next();
      const delta = zigzag % 2 === 0 ? zigzag / 2 : -(zigzag + 1) / 2;
      if (bucket > 0 && delta <= 0) throw new RangeError('the buckets of a histogram are not in order');
      key += delta;
      if (Math.abs(key) > HIGHEST - LOWEST + 1) throw new RangeError(`a histogram has no bucket ${key}`);
      const count = reader.next();
      if (count === 0) throw new RangeError('a bucket of a histogram is empty');
      // In order, so each key comes once.
      histogram.#counts.set(key, count);
      histogram.#count += count;
    }
    if (!reader.isAtEnd) throw new RangeError('a histogram goes on after its last bucket');
    return histogram;
  }

  /** `toBytes` in base64, for databases that keep texts. */
  toText(): string {
    return Buffer.from(this.toBytes()).toString('base64');
  }

  /** Throws a RangeError where the text is not what `toText` makes. */
  static fromText(text: string): LatencyHistogram {
    return LatencyHistogram.fromBytes(Buffer.from(text, 'base64'));
  }

  #add(key: number, count: number): void {
    this.#counts.set(key, (this.#counts.get(key) ?? 0) + count);
    this.#count += count;
  }

  #keys(): number[] {
    return [...this.#counts.keys()].sort((a, b) => a - b);
  }
}

function bucketOf(magnitude: number): number {
  return Math.ceil(Math.log(magnitude) / LN_GAMMA);
}

function keyOf(value: number): number {
  const magnitude = Math.abs(value);
  if (magnitude < SMALLEST) return 0;
  const key = bucketOf(Math.min(magnitude, LARGEST)) - LOWEST + 1;
  return value < 0 ? -key : key;
}

function middleOf(key: number): number {
  if (key === 0) return 0;
  const value = (2 * GAMMA ** (Math.abs(key) - 1 + LOWEST)) / (GAMMA + 1);
  return key < 0 ? -value : value;
}
