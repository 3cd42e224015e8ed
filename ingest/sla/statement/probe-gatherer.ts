import type { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { type LinkRecord, totalOf } from '../../../core/links/link-record.ts';
import { type Measures, mergeMeasures, noMeasures } from '../../../core/links/measures.ts';
import { type RecordSketch, sketchOf } from '../outages/find-outages.ts';
import { columnsOf } from './stated-records.ts';
import type { StatedBlock, StatedExclusion, StatedGap } from './statement-format.ts';

const HOUR_MS = 3_600_000;

export interface GatheredProbe {
  readonly blocks: readonly StatedBlock[];
  readonly gaps: readonly StatedGap[];
  /** Records that overlap one before them, which evidence of one agent cannot: they are in nothing. */
  readonly leftOut: number;
}

/**
 * What stands in several series of the store, as when a link was given another class in the month. Where two tell of the same time, the one
 * that began first counts, and what the other has is left out: probes of both would count the same loss twice.
 */
export function mergeGathered(all: readonly GatheredProbe[]): GatheredProbe {
  if (all.length === 1) return all[0]!;
  const blocks: StatedBlock[] = [];
  let leftOut = all.reduce((sum, one) => sum + one.leftOut, 0);
  for (const block of all.flatMap((one) => one.blocks).sort((a, b) => a.fromMs - b.fromMs)) {
    if (block.fromMs >= (blocks.at(-1)?.toMs ?? 0)) blocks.push(block);
    else leftOut += block.records.received.length;
  }
  const kept = new Set(blocks);
  const gaps = all.flatMap((one) => {
    const own = one.blocks.filter((block) => kept.has(block));
    return one.gaps.filter((gap) =>
      own.some(({ fromMs, toMs }) => gap.fromMs >= fromMs && gap.fromMs < toMs),
    );
  });
  return { blocks, gaps: gaps.sort((a, b) => a.fromMs - b.fromMs), leftOut };
}

interface OpenBlock {
  readonly key: string;
  readonly excludedBy: readonly string[];
  readonly measures: Measures;
  readonly records: RecordSketch[];
  pathChanges: number;
}

/** Makes the blocks of one kind of probe on one link out of its records, which come in order of time. Holds an hour of them. */
export class ProbeGatherer {
  readonly #exclusions: readonly StatedExclusion[];
  readonly #edgesMs: readonly number[];
  readonly #blocks: StatedBlock[] = [];
  readonly #gaps: StatedGap[] = [];
  #leftOut = 0;
  #endMs = 0;
  #open: OpenBlock | undefined;

  /** `exclusions` in force; `edgesMs` where days begin. */
  constructor(exclusions: readonly StatedExclusion[], edgesMs: readonly number[]) {
    this.#exclusions = exclusions;
    this.#edgesMs = edgesMs;
  }

  add(record: LinkRecord): void {
    const { fromMs, toMs, gaps, pathChanges } = record;
    if (fromMs < this.#endMs || toMs <= fromMs) {
      this.#leftOut++;
      return;
    }
    this.#endMs = toMs;
    const excludedBy = this.#exclusions
      .filter((one) => one.fromMs < toMs && one.toMs > fromMs)
      .map(({ id }) => id)
      .sort();
    const day = this.#edgesMs.findLastIndex((ms) => ms <= fromMs);
    const key = JSON.stringify([Math.floor(fromMs / HOUR_MS), day, excludedBy]);
    if (this.#open?.key !== key) {
      this.#close();
      this.#open = { key, excludedBy, measures: noMeasures(), records: [], pathChanges: 0 };
    }
    const open = this.#open!;
    mergeMeasures(open.measures, totalOf(record));
    open.records.push(sketchOf(record));
    open.pathChanges += pathChanges;
    for (const gap of gaps) this.#gaps.push({ ...gap });
  }

  end(): GatheredProbe {
    this.#close();
    return { blocks: this.#blocks, gaps: this.#gaps, leftOut: this.#leftOut };
  }

  #close(): void {
    if (this.#open) this.#blocks.push(blockOf(this.#open));
    this.#open = undefined;
  }
}

function blockOf({ measures, records, pathChanges, excludedBy }: OpenBlock): StatedBlock {
  const { account, invalidBy, roundTrip, forward, back, variation, ...counts } = measures;
  const { oneWayErrorMs, jitterMs, duplicates, reordered, lostForward, lostReturn, kernelStamped } = counts;
  return {
    fromMs: records[0]!.fromMs,
    toMs: records.at(-1)!.toMs,
    ...{ account, invalidBy, pathChanges, oneWayErrorMs, jitterMs },
    ...{ duplicates, reordered, lostForward, lostReturn, kernelStamped },
    records: columnsOf(records),
    histograms: {
      ...textOf('roundTrip', roundTrip),
      ...textOf('forward', forward),
      ...textOf('back', back),
      ...textOf('variation', variation),
    },
    ...(excludedBy.length > 0 && { excludedBy: [...excludedBy] }),
  };
}

function textOf<N extends string>(name: N, histogram: LatencyHistogram): { [K in N]?: string } {
  return histogram.count === 0 ? {} : ({ [name]: histogram.toText() } as { [K in N]?: string });
}
