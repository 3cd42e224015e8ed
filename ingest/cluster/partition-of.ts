import type { Sender } from './routing-key.ts';

/**
 * FNV-1a, 32 bits, over `site/gateway`. It decides to which queue a gateway is bound for good, so it must never change.
 */
export function partitionOf({ site, gateway }: Sender, partitions: number): number {
  return hash(`${site}/${gateway}`) % partitions;
}

export function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    value = Math.imul(value ^ text.charCodeAt(at), 0x01000193);
  }
  return value >>> 0;
}
