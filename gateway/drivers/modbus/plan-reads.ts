import { LIMITS, type ReadFunction } from '../../../core/modbus/pdu.ts';

/** Something that one device is asked for: `count` registers or bits from `address`. */
export interface Span {
  readonly function: ReadFunction;
  readonly address: number;
  readonly count: number;
}

/** One request, and the spans whose values its answer holds. */
export interface Read<T extends Span> extends Span {
  readonly spans: readonly T[];
}

/**
 * Joins neighbouring spans into as few requests as the protocol allows. Up to `maxGap` registers or bits that nobody
 * wants are read along, where the device answers for them.
 */
export function planReads<T extends Span>(spans: readonly T[], maxGap: number): Read<T>[] {
  const sorted = [...spans].sort(
    (a, b) => a.function.localeCompare(b.function) || a.address - b.address || a.count - b.count,
  );
  const reads: { function: ReadFunction; address: number; count: number; spans: T[] }[] = [];
  for (const span of sorted) {
    const last = reads.at(-1);
    const end = span.address + span.count;
    const joins =
      last &&
      last.function === span.function &&
      span.address - (last.address + last.count) <= maxGap &&
      end - last.address <= mostOf(span.function);
    if (joins) {
      last.count = Math.max(last.count, end - last.address);
      last.spans.push(span);
    } else {
      reads.push({ function: span.function, address: span.address, count: span.count, spans: [span] });
    }
  }
  return reads;
}

function mostOf(name: ReadFunction): number {
  return name === 'readCoils' || name === 'readDiscreteInputs' ? LIMITS.readBits : LIMITS.readRegisters;
}
