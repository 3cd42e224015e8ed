import type { MetricSpec, ReportRule, Sample } from './driver.ts';

interface Sent {
  readonly value: Sample['value'];
  readonly quality: Sample['quality'];
  readonly timeMs: number;
}

/**
 * Report by exception: lets pass what is worth sending. Without a rule that is everything; with one it is a value that
 * is more than the dead band from the last that was sent, a change of quality, any change of a state, a counter that
 * has begun anew, and whatever comes when the silence has lasted long enough. A slow drift passes too, as it is
 * measured from what was sent. The first value after the start, and after a device was away, always passes.
 */
export class ReportFilter {
  readonly #ruleOf: (metric: MetricSpec) => ReportRule | undefined;
  readonly #sent = new Map<string, Map<MetricSpec, Sent>>();

  constructor(ruleOf: (metric: MetricSpec) => ReportRule | undefined) {
    this.#ruleOf = ruleOf;
  }

  /** What of `samples` has to go out. */
  pass(device: string, samples: readonly Sample[], timeMs: number): readonly Sample[] {
    const sent = this.#sent.get(device) ?? new Map<MetricSpec, Sent>();
    this.#sent.set(device, sent);
    return samples.filter((sample) => {
      const rule = this.#ruleOf(sample.metric);
      if (!rule) return true;
      const last = sent.get(sample.metric);
      if (last && !isNews(sample, timeMs, last, rule)) return false;
      sent.set(sample.metric, { value: sample.value, quality: sample.quality, timeMs });
      return true;
    });
  }

  /** The device was away: whatever it says first is news. */
  forget(device: string): void {
    this.#sent.delete(device);
  }
}

function isNews({ metric, value, quality }: Sample, timeMs: number, last: Sent, rule: ReportRule): boolean {
  if (quality !== last.quality) return true;
  const silenceMs = timeMs - last.timeMs;
  // A clock that was set back says nothing of how long it has been.
  if (silenceMs >= rule.longestSilenceMs || silenceMs < 0) return true;
  if (typeof value !== 'number' || typeof last.value !== 'number' || metric.quantity.kind === 'state') {
    return value !== last.value;
  }
  if (metric.quantity.kind === 'counter' && value < last.value) return true;
  return Math.abs(value - last.value) > rule.deadBand;
}
