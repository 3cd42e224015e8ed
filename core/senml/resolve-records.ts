import { SluiceError } from '../errors.ts';
import type { ResolvedRecord, SenmlRecord } from './senml.ts';

/** Versions that this can read; 10 is that of RFC 8428. */
const NEWEST_VERSION = 10;
/** 2^28: a smaller time is relative to now (RFC 8428, 4.5.3). */
const ABSOLUTE_FROM_S = 268_435_456;

const NAME = /^[A-Za-z0-9][A-Za-z0-9\-:./_]*$/;
const LONGEST_NAME = 255;

/**
 * Works base values into every record (RFC 8428, 4.6). Records that hold nothing but base values are left out. Names
 * may begin with "/", as those of LwM2M do. Throws `PAYLOAD_INVALID` for a pack that the standard does not allow.
 */
export function resolveRecords(pack: readonly SenmlRecord[], nowMs: number): ResolvedRecord[] {
  let base: SenmlRecord = {};
  const resolved: ResolvedRecord[] = [];
  pack.forEach((record, index) => {
    const invalid = (reason: string) =>
      new SluiceError('PAYLOAD_INVALID', {
        reason: `SenML record ${index} ${reason}`,
        offset: index,
        length: pack.length,
      });
    base = { ...base, ...basesOf(record) };
    if ((base.bver ?? NEWEST_VERSION) > NEWEST_VERSION) throw invalid(`is of version ${base.bver}`);
    const own = [record.v, record.vs, record.vb, record.vd].filter((one) => one !== undefined);
    if (own.length > 1) throw invalid('has more than one value');
    const sum =
      record.s === undefined && base.bs === undefined ? undefined : (base.bs ?? 0) + (record.s ?? 0);
    if (own.length === 0 && record.s === undefined && record.n === undefined) return;
    if (own.length === 0 && base.bv === undefined && sum === undefined) throw invalid('has no value');
    const name = `${base.bn ?? ''}${record.n ?? ''}`;
    if (!NAME.test(name.replace(/^\//, '')) || name.length > LONGEST_NAME) throw invalid('has no valid name');
    const timeS = (base.bt ?? 0) + (record.t ?? 0);
    resolved.push({
      name,
      unit: record.u ?? base.bu ?? '',
      value: valueIn(record, base),
      sum,
      timeMs: timeOf(timeS, nowMs),
    });
  });
  return resolved;
}

function basesOf({ bn, bt, bu, bv, bs, bver }: SenmlRecord): SenmlRecord {
  return Object.fromEntries(
    Object.entries({ bn, bt, bu, bv, bs, bver }).filter(([, value]) => value !== undefined),
  );
}

/** The base value is added to numbers, and stands where a record has no value of its own (RFC 8428, 4.1). */
function valueIn({ v, vs, vb, vd }: SenmlRecord, { bv }: SenmlRecord): ResolvedRecord['value'] {
  return vs ?? vb ?? vd ?? (v === undefined ? bv : v + (bv ?? 0));
}

function timeOf(timeS: number, nowMs: number): number | undefined {
  if (timeS === 0) return undefined;
  return Math.round(timeS < ABSOLUTE_FROM_S ? nowMs + timeS * 1000 : timeS * 1000);
}
