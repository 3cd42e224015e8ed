import { BlockList, isIP, isIPv6 } from 'node:net';

/** Stands for every address. */
const ANYBODY = 'any';
const MOST_REMEMBERED = 10_000;

/** Addresses and prefixes that are let in. Each address that asks is looked up once. */
export class AllowList {
  readonly #list = new BlockList();
  readonly #known = new Map<string, boolean>();
  #isAnybody = false;

  /** Entries that `isAllowEntry` refuses let nobody in. */
  constructor(entries: readonly string[]) {
    for (const entry of entries) this.#add(entry);
  }

  has(address: string): boolean {
    if (this.#isAnybody) return true;
    let isIn = this.#known.get(address);
    if (isIn === undefined) {
      const plain = withoutScope(address);
      isIn = this.#list.check(plain, isIPv6(plain) ? 'ipv6' : 'ipv4');
      if (this.#known.size >= MOST_REMEMBERED) this.#known.clear();
      this.#known.set(address, isIn);
    }
    return isIn;
  }

  #add(entry: string): void {
    if (entry === ANYBODY) this.#isAnybody = true;
    if (entry === ANYBODY || !isAllowEntry(entry)) return;
    const [address = '', prefix] = entry.split('/');
    const plain = withoutScope(address);
    const type = isIPv6(plain) ? 'ipv6' : 'ipv4';
    if (prefix === undefined) this.#list.addAddress(plain, type);
    else this.#list.addSubnet(plain, Number(prefix), type);
  }
}

/** Whether `entry` is an address, a prefix such as 10.20.0.0/16, or `any`. */
export function isAllowEntry(entry: string): boolean {
  if (entry === ANYBODY) return true;
  const [address = '', prefix, ...more] = entry.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0) return false;
  return prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (family === 6 ? 128 : 32));
}

function withoutScope(address: string): string {
  const at = address.indexOf('%');
  return at < 0 ? address : address.slice(0, at);
}
