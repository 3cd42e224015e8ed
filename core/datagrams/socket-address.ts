import { isIPv4, isIPv6 } from 'node:net';
import { calls, LINUX } from './linux-calls.ts';

/**
 *     sockaddr_in   0 family u16 · 2 port u16 big-endian · 4 address, 4
 *     sockaddr_in6  0 family u16 · 2 port u16 big-endian · 4 flow u32 · 8 address, 16 · 24 scope u32
 */
export const SOCKADDR_BYTES = 28;
const SIZE = { 4: 16, 6: 28 } as const;
/** Peers that a thread remembers the texts of; past that it starts anew. */
const MOST_REMEMBERED = 8_192;

/** Texts of addresses to and from what the kernel takes, each worked out once. */
export class SocketAddresses {
  readonly #toKernel = new Map<string, Buffer>();
  readonly #toText = new Map<string, string>();

  /** The bytes for `address` and `port`, to be used before the next call; `undefined` where it is no address of the family. */
  toKernel(family: 4 | 6, address: string, port: number): Buffer | undefined {
    let bytes = this.#toKernel.get(address);
    if (!bytes) {
      bytes = encode(address);
      if (!bytes) return undefined;
      if (this.#toKernel.size >= MOST_REMEMBERED) this.#toKernel.clear();
      this.#toKernel.set(address, bytes);
    }
    if (bytes.length !== SIZE[family]) return undefined;
    bytes.writeUInt16BE(port, 2);
    return bytes;
  }

  /** The address in the sockaddr at `at`. A link-local one keeps its scope, or nothing could be sent to it: `fe80::1%2`. */
  toText(memory: Buffer, at: number): string {
    const isV4 = memory.readUInt16LE(at) === LINUX.AF_INET;
    const key = isV4 ? memory.toString('latin1', at + 4, at + 8) : memory.toString('latin1', at + 8, at + 28);
    let text = this.#toText.get(key);
    if (text === undefined) {
      text = isV4 ? memory.subarray(at + 4, at + 8).join('.') : formatV6(memory.subarray(at + 8, at + 28));
      if (this.#toText.size >= MOST_REMEMBERED) this.#toText.clear();
      this.#toText.set(key, text);
    }
    return text;
  }
}

function encode(address: string): Buffer | undefined {
  const bytes = Buffer.from(new ArrayBuffer(isIPv4(address) ? SIZE[4] : SIZE[6]));
  if (isIPv4(address)) {
    bytes.writeUInt16LE(LINUX.AF_INET, 0);
    bytes.set(address.split('.').map(Number), 4);
    return bytes;
  }
  if (!isIPv6(address)) return undefined;
  const [text = '', zone] = address.split('%');
  bytes.writeUInt16LE(LINUX.AF_INET6, 0);
  for (const [index, group] of groupsOf(text).entries()) bytes.writeUInt16BE(group, 8 + 2 * index);
  if (zone !== undefined) bytes.writeUInt32LE(scopeOf(zone), 24);
  return bytes;
}

/** The eight groups of an address that `isIPv6` has passed. */
function groupsOf(text: string): number[] {
  const dotted = /^(.*:)(\d+)\.(\d+)\.(\d+)\.(\d+)$/.exec(text);
  if (dotted) {
    const [a, b, c, d] = dotted.slice(2).map(Number) as [number, number, number, number];
    return groupsOf(`${dotted[1]}${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`);
  }
  const [before = '', after] = text.split('::');
  const parse = (part: string) =>
    part === '' ? [] : part.split(':').map((group) => Number.parseInt(group, 16));
  const [head, tail] = [parse(before), parse(after ?? '')];
  return [...head, ...Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** An interface by its number or its name; 0 where there is none such, and the kernel then says so. */
function scopeOf(zone: string): number {
  return /^\d+$/.test(zone) ? Number(zone) : calls.ifNameToIndex(zone);
}

/** As RFC 5952, 4 has it: lower case, no leading zeros, the longest run of zeros (of two or more) left out. */
function formatV6(bytes: Buffer): string {
  const groups = Array.from({ length: 8 }, (_, index) => bytes.readUInt16BE(2 * index));
  let [longestAt, longest] = [-1, 1];
  for (let at = 0; at < 8; at++) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) length += 1;
    if (length > longest) [longestAt, longest] = [at, length];
  }
  const hex = (part: readonly number[]) => part.map((group) => group.toString(16)).join(':');
  const text =
    longestAt < 0
      ? hex(groups)
      : `${hex(groups.slice(0, longestAt))}::${hex(groups.slice(longestAt + longest))}`;
  const scope = bytes.readUInt32LE(16);
  return scope === 0 ? text : `${text}%${scope}`;
}
