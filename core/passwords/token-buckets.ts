import { isIPv6 } from 'node:net';

const MOST_KEPT = 20_000;

/** Credit that grows again with time, one account for each key. Only accounts that are not full take memory. */
export class TokenBuckets {
  readonly #capacity: number;
  readonly #perS: number;
  readonly #accounts = new Map<string, { credit: number; atMs: number }>();

  constructor(capacity: number, perS: number) {
    this.#capacity = capacity;
    this.#perS = perS;
  }

  has(key: string, nowMs: number): boolean {
    return this.#creditOf(key, nowMs) >= 1;
  }

  /** Takes one where there is one. */
  take(key: string, nowMs: number): boolean {
    const credit = this.#creditOf(key, nowMs);
    if (credit < 1) return false;
    // The oldest goes: whoever makes up keys wins back only credit of his own.
    this.#accounts.delete(key);
    if (this.#accounts.size >= MOST_KEPT) this.#accounts.delete(this.#accounts.keys().next().value!);
    this.#accounts.set(key, { credit: credit - 1, atMs: nowMs });
    return true;
  }

  #creditOf(key: string, nowMs: number): number {
    const account = this.#accounts.get(key);
    if (!account) return this.#capacity;
    return Math.min(this.#capacity, account.credit + ((nowMs - account.atMs) / 1000) * this.#perS);
  }
}

/** Whoever has one IPv6 address has the 2⁶⁴ beside it. */
export function addressKey(address: string): string {
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail = ''] = plain.split('::') as [string, string?];
  const left = head.split(':').filter(Boolean);
  const right = tail.split(':').filter(Boolean);
  const zeros = plain.includes('::') ? Array(Math.max(0, 8 - left.length - right.length)).fill('0') : [];
  return [...left, ...zeros, ...right].slice(0, 4).join(':');
}
