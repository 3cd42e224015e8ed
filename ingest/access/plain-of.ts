import { createHash } from 'node:crypto';
import { canonicalJson, type Json } from '../sla/statement/canonical-json.ts';

/** More than any form holds, and less than an outline of a thousand fields. */
const MOST_BYTES = 65_536;

/**
 * An entry as JSON can hold it in one way only: half surrogate pairs and numbers that are none become something else. What was or has
 * become of a thing stands there as its length and digest where it is longer than 64 kB.
 */
export function plainOf(entry: Readonly<Record<string, unknown>>): Json {
  return Object.fromEntries(
    Object.entries(entry).flatMap(([name, value]) => {
      if (value === undefined) return [];
      const plain = jsonOf(value);
      return [[name, name === 'before' || name === 'after' ? shortened(plain) : plain]];
    }),
  );
}

function jsonOf(value: unknown): Json {
  if (typeof value === 'string') return value.toWellFormed();
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (value === null || typeof value === 'boolean') return value;
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value !== 'object') return String(value);
  return Object.fromEntries(
    Object.entries(value).flatMap(([name, one]) =>
      one === undefined ? [] : [[name.toWellFormed(), jsonOf(one)]],
    ),
  );
}

function shortened(value: Json): Json {
  const text = canonicalJson(value);
  if (text.length <= MOST_BYTES) return value;
  return { leftOut: text.length, sha256: createHash('sha256').update(text).digest('hex') };
}
