import type { LinkRecord } from '../../../core/links/link-record.ts';
import { totalOf } from '../../../core/links/link-record.ts';

/** What a run of losses must be to count as an outage: both. */
export interface OutageBounds {
  readonly leastProbes: number;
  readonly leastMs: number;
}

/**
 * The definition of docs/alerts.md. Three probes in a row are lost by chance once in 37 million at 0.3 %; a second is the shortest
 * that the traffic of others notices as more than a hiccup of routing.
 */
export const OUTAGE_BOUNDS: OutageBounds = { leastProbes: 3, leastMs: 1_000 };

/** What is needed of a record, so that many can be held. Times in UTC ms. */
export interface RecordSketch {
  readonly fromMs: number;
  readonly toMs: number;
  readonly scheduled: number;
  readonly received: number;
  /** Lost or late. */
  readonly lost: number;
  /** Invalid or not sent: they say nothing of the link. */
  readonly useless: number;
  readonly gaps: readonly { readonly fromMs: number; readonly toMs: number; readonly probes: number }[];
}

export function sketchOf(record: LinkRecord): RecordSketch {
  const { scheduled, received, lost, late, notSent, invalid } = totalOf(record).account;
  const { fromMs, toMs, gaps } = record;
  return { fromMs, toMs, scheduled, received, lost: lost + late, useless: notSent + invalid, gaps };
}

/** How it is known where an outage ends: probes came back, there is no evidence after it, or it is in the newest record. */
export type OutageEnd = 'answered' | 'unknown' | 'lasting';

export interface Outage {
  readonly fromMs: number;
  readonly toMs: number;
  /** Lost or late one after the other. */
  readonly probes: number;
  readonly end: OutageEnd;
  /** False where there is no evidence right before it: it may have begun earlier. */
  readonly isStartKnown: boolean;
}

/** A time of which nothing is known: its agent told nothing, or no probe that it told of says anything of the link. */
export interface Unknown {
  readonly fromMs: number;
  readonly toMs: number;
  readonly why: 'agent-silent' | 'probe';
}

export interface OutageHistory {
  readonly outages: readonly Outage[];
  readonly unknown: readonly Unknown[];
  /** Time of the range covered by probes that were answered, lost or late, and what of it was outage. */
  readonly knownMs: number;
  readonly downMs: number;
}

interface Run {
  fromMs: number;
  toMs: number;
  probes: number;
  isStartKnown: boolean;
}

/** Records of one link adjoin to the millisecond; a clock that is being slewed may leave this much between them. */
const SEAM_MS = 1_000;

/**
 * Outages of one link, of whole records in order of time: runs of losses told as gaps, joined where one reaches the end of a
 * record and the next begins with the record after it. `range` is what was asked for: the time without a record in it is unknown, and
 * an outage that the last record ends in lasts where that record is not older than `freshMs` at the end of the range.
 */
export function findOutages(
  records: Iterable<RecordSketch>,
  range: { readonly fromMs: number; readonly toMs: number; readonly freshMs: number },
  bounds: OutageBounds = OUTAGE_BOUNDS,
): OutageHistory {
  const outages: Outage[] = [];
  const unknown: Unknown[] = [];
  let open: Run | undefined;
  let coveredToMs = range.fromMs;
  let isAfterEvidence = false;
  let knownMs = 0;
  const close = (end: OutageEnd) => {
    if (open && open.probes >= bounds.leastProbes && open.toMs - open.fromMs >= bounds.leastMs)
      outages.push({ ...open, end });
    open = undefined;
  };
  for (const record of records) {
    if (record.fromMs - coveredToMs > SEAM_MS) {
      close('unknown');
      unknown.push({ fromMs: coveredToMs, toMs: record.fromMs, why: 'agent-silent' });
      isAfterEvidence = false;
    }
    coveredToMs = Math.max(coveredToMs, record.toMs);
    if (record.received + record.lost === 0) {
      close('unknown');
      unknown.push({ fromMs: record.fromMs, toMs: record.toMs, why: 'probe' });
      isAfterEvidence = false;
      continue;
    }
    knownMs += overlapMs([record], range);
    for (const run of runsOf(record)) {
      const isAtStart = run.fromMs <= record.fromMs;
      if (open && isAtStart) {
        open = { ...open, toMs: run.toMs, probes: open.probes + run.probes };
      } else {
        close('answered');
        open = { ...run, isStartKnown: isAfterEvidence || !isAtStart };
      }
      if (run.toMs < record.toMs) close('answered');
    }
    if (open && open.toMs < record.toMs) close('answered');
    isAfterEvidence = true;
  }
  const isFresh = range.toMs - coveredToMs <= range.freshMs;
  close(isFresh ? 'lasting' : 'unknown');
  if (range.toMs - coveredToMs > Math.max(SEAM_MS, range.freshMs))
    unknown.push({ fromMs: coveredToMs, toMs: range.toMs, why: 'agent-silent' });
  return { outages, unknown, knownMs, downMs: Math.min(overlapMs(outages, range), knownMs) };
}

/** The share of the known time in which the link was up; `undefined` where nothing is known. */
export function availabilityOf({ knownMs, downMs }: OutageHistory): number | undefined {
  return knownMs === 0 ? undefined : 1 - downMs / knownMs;
}

/** A record without an answer and without a gap told is one run, however few its probes. */
function runsOf({ fromMs, toMs, received, lost, gaps }: RecordSketch): Omit<Run, 'isStartKnown'>[] {
  const isWhole = received === 0 && gaps.length === 0;
  return isWhole ? [{ fromMs, toMs, probes: lost }] : gaps.map((gap) => ({ ...gap }));
}

/** How long `outages` overlap the time from `fromMs` to `toMs`, ms. */
export function overlapMs(
  outages: readonly Pick<Outage, 'fromMs' | 'toMs'>[],
  { fromMs, toMs }: { readonly fromMs: number; readonly toMs: number },
): number {
  return outages.reduce(
    (sum, one) => sum + Math.max(0, Math.min(one.toMs, toMs) - Math.max(one.fromMs, fromMs)),
    0,
  );
}
