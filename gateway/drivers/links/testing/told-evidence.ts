import { expect } from 'vitest';
import { type Clock, systemClock } from '../../../../core/clock.ts';
import { decodeLinkRecord, totalOf } from '../../../../core/links/link-record.ts';
import { isExact, type Measures, mergeMeasures, noMeasures } from '../../../../core/links/measures.ts';
import { createLog } from '../../../../core/log.ts';
import type { ProbeEvidence } from '../probe-evidence.ts';
import type { ProberContext } from '../prober.ts';

/** What a prober is given in a test, and what it has told. */
export interface ToldEvidence {
  readonly context: ProberContext;
  readonly evidence: readonly ProbeEvidence[];
  /** Of all records of a link; each probe has exactly one end, or it throws. */
  total(link: string): Measures;
}

export function toldEvidence(clock: Clock = systemClock): ToldEvidence {
  const evidence: ProbeEvidence[] = [];
  return {
    context: { clock, log: createLog('silent'), report: (one) => void evidence.push(one) },
    evidence,
    total(link) {
      const sum = noMeasures();
      for (const one of evidence.filter((each) => each.link === link))
        mergeMeasures(sum, totalOf(decodeLinkRecord(one.evidence)));
      expect(isExact(sum)).toBe(true);
      return sum;
    },
  };
}
