import { SluiceError } from '../errors.ts';
import type { SenmlLimits, SenmlRecord } from './senml.ts';

const KINDS: Readonly<Record<string, 'string' | 'number' | 'boolean' | 'data'>> = {
  bn: 'string',
  bt: 'number',
  bu: 'string',
  bv: 'number',
  bs: 'number',
  bver: 'number',
  n: 'string',
  u: 'string',
  v: 'number',
  vs: 'string',
  vb: 'boolean',
  s: 'number',
  t: 'number',
  ut: 'number',
  vd: 'data',
};

/**
 * The records of a pack whose fields have been given their names. Unknown fields are left out, but for those that end
 * in "_", which a reader that does not know them must not pass over (RFC 8428, 4.4). Throws `PAYLOAD_INVALID`.
 */
export function checkRecords(pack: unknown, limits: SenmlLimits, length: number): SenmlRecord[] {
  if (!Array.isArray(pack)) throw senmlError('a SenML pack is a list of records', length);
  if (pack.length > limits.maxRecords) {
    throw senmlError(`a SenML pack has ${pack.length} records; at most ${limits.maxRecords}`, length);
  }
  return pack.map((record: unknown, index) => {
    if (!(record instanceof Map)) throw senmlError(`SenML record ${index} is no group of fields`, length);
    const checked: Record<string, unknown> = {};
    for (const [label, value] of record as Map<unknown, unknown>) {
      if (typeof label !== 'string') continue;
      const kind = Object.hasOwn(KINDS, label) ? KINDS[label] : undefined;
      if (!kind) {
        if (!label.endsWith('_')) continue;
        throw senmlError(
          `SenML record ${index} has the field ${label.slice(0, 32)}, which must be understood`,
          length,
        );
      }
      if (!isOfKind(value, kind, label))
        throw senmlError(`${label} of SenML record ${index} is no ${kind}`, length);
      checked[label] = value;
    }
    return checked;
  });
}

export function senmlError(reason: string, length: number, cause?: unknown): SluiceError {
  return new SluiceError('PAYLOAD_INVALID', { reason, offset: 0, length }, cause);
}

function isOfKind(value: unknown, kind: 'string' | 'number' | 'boolean' | 'data', label: string): boolean {
  // CBOR can hold what is no number: a sensor that is broken must cost its own value and not the pack.
  if (label === 'v' && typeof value === 'number') return true;
  if (kind === 'data') return value instanceof Uint8Array;
  return typeof value === kind && (kind !== 'number' || Number.isFinite(value));
}
