/**
 * SplitMix over 32 bits (Steele, Lea, Flood 2014) with MurmurHash3's finaliser as its mixing step: small, and good
 * enough for weather and sensor noise. Never for anything secret.
 */
export class Random {
  #state: number;

  /** Two generators with different labels are independent of each other, whatever the seed. */
  constructor(seed: number, label: string) {
    this.#state = seedFor(seed, label);
  }

  /** Uniform in [0, 1). */
  next(): number {
    this.#state = (this.#state + 0x9e3779b9) | 0;
    return unitInterval(this.#state);
  }

  /** Whether something that happens with this probability happens now. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  /** Whole number from 0 to `bound` (exclusive). */
  below(bound: number): number {
    return Math.floor(this.next() * bound);
  }

  /** Normally distributed with mean 0 and standard deviation 1 (Box–Muller). */
  gaussian(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }
}

/** The seed of one named stream of random numbers (FNV-1a over the label, mixed with the seed). */
export function seedFor(seed: number, label: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < label.length; index++) {
    hash = Math.imul(hash ^ label.charCodeAt(index), 0x01000193);
  }
  return mix(mix(seed | 0) ^ hash);
}

/**
 * A smooth random curve through [−1, 1] with one independent value at each whole `x`. A function of `x` alone, so the
 * weather of any hour can be asked for without stepping through the hours before it.
 */
export function smoothNoise(seed: number, x: number): number {
  const left = Math.floor(x);
  const part = x - left;
  const weight = part * part * (3 - 2 * part);
  return latticeValue(seed, left) * (1 - weight) + latticeValue(seed, left + 1) * weight;
}

/** The number of a stream at a place in it, uniform in [0, 1): a function of both alone, in whatever order it is asked. */
export function uniformAt(seed: number, index: number): number {
  return unitInterval(seed ^ mix(index | 0));
}

function latticeValue(seed: number, index: number): number {
  return 2 * uniformAt(seed, index) - 1;
}

function unitInterval(value: number): number {
  return (mix(value) >>> 0) / 2 ** 32;
}

function mix(value: number): number {
  let bits = value;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
