import { LatencyHistogram } from '../../core/latency-histogram.ts';
import type { Impairment } from './link-config.ts';
import type { FlowState } from './link-model.ts';
import { newFlow } from './link-model.ts';
import { type DirectionCounts, type DirectionReport, figuresOf } from './link-report.ts';

/** One direction of a link, over all of its flows. */
export class LinkDirection {
  impairment: Impairment;
  readonly counts: DirectionCounts = {
    ...{ arrived: 0, lost: 0, duplicated: 0, departed: 0 },
    ...{ reordered: 0, refused: 0, failed: 0, waiting: 0 },
  };
  readonly #imposed = new LatencyHistogram();
  readonly #added = new LatencyHistogram();
  readonly #error = new LatencyHistogram();

  constructor(impairment: Impairment) {
    this.impairment = impairment;
  }

  noteDelay(imposedMs: number, addedMs: number): void {
    this.#imposed.add(imposedMs);
    this.#added.add(addedMs);
    this.#error.add(addedMs - imposedMs);
  }

  report(): DirectionReport {
    return {
      ...this.counts,
      impairment: this.impairment,
      imposed: figuresOf(this.#imposed),
      added: figuresOf(this.#added),
      error: figuresOf(this.#error),
    };
  }
}

/** One direction of one flow. */
export class FlowDirection {
  readonly of: LinkDirection;
  state: FlowState;
  /** The latest packet, by arrival, that was sent on. */
  furthest = -1;

  constructor(of: LinkDirection, seed: number) {
    this.of = of;
    this.state = newFlow(seed);
  }
}
