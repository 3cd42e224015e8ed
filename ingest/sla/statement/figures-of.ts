import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import type { Objective } from '../../../core/links/mesh.ts';
import { availabilityOf, findOutages, type RecordSketch } from '../outages/find-outages.ts';
import type { Judged, Percentiles, ProbeFigures, StatedDay, StatedTime } from './figures.ts';
import { judged } from './judged.ts';
import { addExcluded, measuresOf, recordsOf } from './stated-records.ts';
import type { StatedBlock, StatedExclusion, StatedPeriod, StatedProbe } from './statement-format.ts';

/** An outage at the end of the evidence lasts where that end is not older than this; records take some time to come. */
const FRESH_MS = 300_000;
const HOUR_MS = 3_600_000;

export interface FigureContext {
  readonly objective: Objective;
  readonly exclusions: readonly StatedExclusion[];
  readonly period: StatedPeriod;
  readonly madeAtMs: number;
}

type Span = { readonly fromMs: number; readonly toMs: number };
type Evidence = Pick<StatedProbe, 'blocks' | 'gaps'>;

/**
 * Every figure of one kind of probe on one link, from what a statement holds of it and from nothing else. Ingest makes them by it, and
 * verification once more. Throws a RangeError where a histogram is none.
 */
export function figuresOf(evidence: Evidence, context: FigureContext): ProbeFigures {
  const counted = noMeasures();
  const hours = new Hours();
  const days = context.period.edgesMs.slice(1).map((toMs, at) => newDay(context.period.edgesMs[at]!, toMs));
  let pathChanges = 0;
  for (const block of evidence.blocks) {
    const measures = measuresOf(block);
    if (block.excludedBy) addExcluded(counted.account, block);
    else {
      mergeMeasures(counted, measures);
      pathChanges += block.pathChanges;
    }
    const day = days.find(({ fromMs, toMs }) => block.fromMs >= fromMs && block.fromMs < toMs);
    if (day) addToDay(day, block, measures);
    hours.add(block, measures.roundTrip);
  }
  const everything = [...recordsOf(evidence.blocks, evidence.gaps)];
  const inForce = everything.filter(({ block }) => !block.excludedBy);
  const { objective } = context;
  const nothingExcluded: Judged | undefined =
    inForce.length < everything.length ? judged(hours.all(), everything, objective) : undefined;
  return {
    ...judged(hours.counted(), inForce, objective),
    ...(nothingExcluded && { nothingExcluded }),
    records: everything.length,
    account: counted.account,
    invalidBy: counted.invalidBy,
    time: timeOf(everything, context),
    objectiveMs: atQuantile(counted.roundTrip, objective.latencyQuantile),
    roundTrip: percentilesOf(counted.roundTrip),
    forward: percentilesOf(counted.forward),
    back: percentilesOf(counted.back),
    variation: percentilesOf(counted.variation),
    ...otherCounts(counted),
    pathChanges,
    days: days.map(({ histogram, ...day }) => ({ ...day, ...medianOf(histogram) })),
    ...outagesOf(inForce, context),
  };
}

/** Round trips by hour UTC, cut where exclusions begin and end, and not where days do: as the verdict of any other time is judged. */
class Hours {
  readonly #hours: {
    readonly key: string;
    readonly counts: boolean;
    readonly roundTrip: LatencyHistogram;
  }[] = [];

  /** Takes the histogram over. */
  add({ fromMs, excludedBy }: StatedBlock, roundTrip: LatencyHistogram): void {
    const key = JSON.stringify([Math.floor(fromMs / HOUR_MS), excludedBy]);
    const before = this.#hours.at(-1);
    if (before?.key === key) before.roundTrip.merge(roundTrip);
    else this.#hours.push({ key, counts: !excludedBy, roundTrip });
  }

  all(): LatencyHistogram[] {
    return this.#hours.map(({ roundTrip }) => roundTrip);
  }

  counted(): LatencyHistogram[] {
    return this.#hours.filter(({ counts }) => counts).map(({ roundTrip }) => roundTrip);
  }
}

/** Up to when a statement could have evidence: the end of its month, or when it was made. */
export function evidenceEndMs({ period, madeAtMs }: Pick<FigureContext, 'period' | 'madeAtMs'>): number {
  return period.provisional ? Math.min(period.toMs, madeAtMs) : period.toMs;
}

function otherCounts(measures: Measures) {
  const { oneWayErrorMs, jitterMs, duplicates, reordered, lostForward, lostReturn, kernelStamped } = measures;
  return { oneWayErrorMs, jitterMs, duplicates, reordered, lostForward, lostReturn, kernelStamped };
}

type Day = Omit<{ -readonly [K in keyof StatedDay]: StatedDay[K] }, 'p50' | 'p95'> & {
  readonly histogram: LatencyHistogram;
};

function newDay(fromMs: number, toMs: number): Day {
  return { fromMs, toMs, probes: 0, lost: 0, excluded: 0, histogram: new LatencyHistogram() };
}

function addToDay(day: Day, { account, excludedBy }: StatedBlock, { roundTrip }: Measures): void {
  if (excludedBy) {
    day.excluded += account.scheduled;
    return;
  }
  const lost = account.lost + account.late;
  day.lost += lost;
  day.probes += account.received + lost;
  day.histogram.merge(roundTrip);
}

function medianOf(histogram: LatencyHistogram): Pick<StatedDay, 'p50' | 'p95'> {
  const { p50, p95 } = percentilesOf(histogram);
  return { p50, p95 };
}

function atQuantile(histogram: LatencyHistogram, quantile: number): number | null {
  return histogram.count === 0 ? null : histogram.quantile(quantile);
}

function percentilesOf(histogram: LatencyHistogram): Percentiles {
  const at = (quantile: number) => atQuantile(histogram, quantile);
  return { count: histogram.count, p50: at(0.5), p95: at(0.95), p99: at(0.99), p999: at(0.999) };
}

/** Each moment is covered by a record that counts, or excluded, or in a hole: so a record is cut out of holes and exclusions. */
function timeOf(
  records: readonly (RecordSketch & { readonly block: StatedBlock })[],
  context: FigureContext,
): StatedTime {
  const whole = { fromMs: context.period.fromMs, toMs: evidenceEndMs(context) };
  const excludedRecords = records.filter(({ block }) => block.excludedBy);
  const windows = context.exclusions.filter(({ withdrawn }) => !withdrawn);
  const covered = union(
    records.filter(({ block }) => !block.excludedBy),
    whole,
  );
  const touched = union([...windows, ...excludedRecords, ...covered], whole);
  const coveredMs = lengthOf(covered);
  return {
    lastsMs: whole.toMs - whole.fromMs,
    coveredMs,
    excludedMs: lengthOf(touched) - coveredMs,
    holes: complement(touched, whole),
  };
}

function outagesOf(
  records: readonly RecordSketch[],
  context: FigureContext,
): Pick<ProbeFigures, 'outages' | 'availability' | 'downMs'> {
  const range = { fromMs: context.period.fromMs, toMs: evidenceEndMs(context), freshMs: FRESH_MS };
  const history = findOutages(records, range);
  const outages = history.outages.map(({ fromMs, toMs, probes, end, isStartKnown }) => ({
    ...{ fromMs, toMs, probes, end, isStartKnown },
  }));
  return { outages, availability: availabilityOf(history) ?? null, downMs: history.downMs };
}

/** Spans within `whole` that neither overlap nor adjoin, in order. */
function union(spans: readonly Span[], whole: Span): Span[] {
  const joined: { fromMs: number; toMs: number }[] = [];
  for (const span of [...spans].sort((a, b) => a.fromMs - b.fromMs)) {
    const fromMs = Math.max(span.fromMs, whole.fromMs);
    const toMs = Math.min(span.toMs, whole.toMs);
    const last = joined.at(-1);
    if (fromMs >= toMs) continue;
    if (last && fromMs <= last.toMs) last.toMs = Math.max(last.toMs, toMs);
    else joined.push({ fromMs, toMs });
  }
  return joined;
}

function complement(spans: readonly Span[], whole: Span): Span[] {
  const edges = [whole.fromMs, ...spans.flatMap(({ fromMs, toMs }) => [fromMs, toMs]), whole.toMs];
  const between = edges.flatMap((fromMs, at) => (at % 2 === 0 ? [{ fromMs, toMs: edges[at + 1]! }] : []));
  return between.filter(({ fromMs, toMs }) => fromMs < toMs);
}

function lengthOf(spans: readonly Span[]): number {
  return spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs, 0);
}
