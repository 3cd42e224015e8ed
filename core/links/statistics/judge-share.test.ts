import { describe, expect, it } from 'vitest';
import { LatencyHistogram } from '../../latency-histogram.ts';
import { judgeLatency } from './judge-latency.ts';
import { judgeLoss, judgePart, worstOf } from './judge-share.ts';

const records = (count: number, each: number, lost: (index: number) => number) => ({
  probes: Array.from({ length: count }, () => each),
  bad: Array.from({ length: count }, (_, index) => lost(index)),
});

describe('a verdict on loss', () => {
  it('passes from the first probe that proves it', () => {
    expect(judgeLoss({ probes: [9_985], bad: [0] }, 0.0003, 0.95).verdict).toBe('pass');
    expect(judgeLoss({ probes: [9_984], bad: [0] }, 0.0003, 0.95).verdict).toBe('insufficient');
  });

  it('is insufficient of nothing', () => {
    const { verdict, bounds, probes } = judgeLoss({ probes: [], bad: [] }, 0.003, 0.95);
    expect({ verdict, bounds, probes }).toEqual({
      verdict: 'insufficient',
      bounds: { lower: 0, upper: 1 },
      probes: 0,
    });
  });

  it('goes by the wider bounds: what would be a breach of independent probes is none in one burst', () => {
    const spread = judgeLoss(
      records(100, 60, (index) => (index % 2 === 0 ? 1 : 0)),
      0.003,
      0.95,
    );
    expect(spread.verdict).toBe('breach');
    const burst = judgeLoss(
      records(100, 60, (index) => (index === 3 ? 50 : 0)),
      0.003,
      0.95,
    );
    expect(burst.verdict).toBe('insufficient');
    expect(burst.independent.lower).toBeGreaterThan(0.003);
    expect(burst.bounds.lower).toBe(burst.bursts.lower);
  });

  it('is neither where a bound is the limit itself', () => {
    expect(judgeLoss({ probes: [1_000], bad: [0] }, 0, 0.95).verdict).toBe('insufficient');
    expect(judgeLoss({ probes: [1_000], bad: [1_000] }, 1, 0.95).verdict).toBe('insufficient');
  });

  it('of several is the worst of them', () => {
    expect(worstOf(['pass', 'insufficient', 'breach'])).toBe('breach');
    expect(worstOf(['insufficient', 'pass'])).toBe('insufficient');
    expect(worstOf(['pass', 'pass'])).toBe('pass');
    expect(worstOf([])).toBe('insufficient');
  });
});

describe('a verdict on latency', () => {
  const histogram = (...values: readonly [ms: number, count: number][]) => {
    const made = new LatencyHistogram();
    for (const [ms, count] of values) made.add(ms, count);
    return made;
  };

  it('passes, breaches, or waits for more', () => {
    expect(judgeLatency([histogram([10, 1_000])], 30, 0.95, 0.95).verdict).toBe('pass');
    expect(judgeLatency([histogram([10, 800], [40, 200])], 30, 0.95, 0.95).verdict).toBe('breach');
    expect(judgeLatency([histogram([10, 20])], 30, 0.95, 0.95).verdict).toBe('insufficient');
    expect(judgeLatency([histogram([10, 59])], 30, 0.95, 0.95).verdict).toBe('pass');
  });

  it('names the share that may be late as one would write it', () => {
    expect(judgeLatency([], 30, 0.95, 0.95).limit).toBe(0.05);
    expect(judgeLatency([], 30, 0.999, 0.95).limit).toBe(0.001);
  });

  it('never turns on the 1 % that a histogram does not know', () => {
    let ambiguous = 0;
    for (let ms = 29; ms < 31; ms += 0.01) {
      const { verdict, bad } = judgeLatency([histogram([ms, 10_000])], 30, 0.95, 0.95);
      if (verdict === 'pass') expect(ms).toBeLessThan(30);
      else if (verdict === 'breach') expect(ms).toBeGreaterThanOrEqual(30);
      else {
        ambiguous++;
        expect(bad).toEqual({ least: 0, most: 10_000 });
      }
    }
    // A bucket is 2 % wide.
    expect(ambiguous).toBeGreaterThan(55);
    expect(ambiguous).toBeLessThan(65);
    expect(judgeLatency([histogram([29.3, 10_000])], 30, 0.95, 0.95).verdict).toBe('pass');
    expect(judgeLatency([histogram([30.7, 10_000])], 30, 0.95, 0.95).verdict).toBe('breach');
  });
});

describe('bounds by which a verdict goes', () => {
  it('are the wider ones: a limit between those of bursts and of independent probes is not passed', () => {
    const probes = Array.from({ length: 1_000 }, () => 60);
    const bad = probes.map((_, at) => (at % 200 === 0 ? 30 : 0));
    const { independent, bursts, bounds } = judgeLoss({ probes, bad }, 0.003, 0.95);
    expect(bursts.upper).toBeGreaterThan(independent.upper * 1.2);
    expect(bounds).toEqual({ lower: bursts.lower, upper: bursts.upper });
    const between = (independent.upper + bursts.upper) / 2;
    expect(judgeLoss({ probes, bad }, between, 0.95).verdict).toBe('insufficient');
  });
});

describe('a part of what was judged', () => {
  const whole = (bad: (at: number) => number) => {
    const probes = Array.from({ length: 1_000 }, () => 60);
    return judgeLoss({ probes, bad: probes.map((_, at) => bad(at)) }, 0.003, 0.95);
  };

  it('all of it is judged as the whole', () => {
    for (const loss of [
      whole(() => 0),
      whole((at) => Number(at % 9 === 0)),
      whole((at) => (at % 200 ? 0 : 30)),
    ]) {
      const { verdict, probes, bad, bounds } = loss;
      expect(judgePart(loss, loss.probes, loss.bad)).toEqual({ verdict, probes, bad, bounds });
    }
  });

  it('what nobody knows of it leaves the verdict open, whichever way it went', () => {
    const loss = whole((at) => Number(at % 9 === 0));
    const verdictOf = (least: number, most: number) => judgePart(loss, 60_000, { least, most }).verdict;
    expect([verdictOf(100, 112), verdictOf(300, 330), verdictOf(100, 300)]).toEqual([
      ...['pass', 'breach', 'insufficient'],
    ]);
  });

  it('bursts of the whole make its bounds wider, but not where nothing of it is bad', () => {
    const [spread, bursts] = [whole((at) => Number(at % 8 === 0)), whole((at) => (at % 200 ? 0 : 25))];
    const upper = (loss: typeof spread, most: number) =>
      judgePart(loss, 60_000, { least: 0, most }).bounds.upper;
    expect(upper(bursts, 60)).toBeGreaterThan(1.2 * upper(spread, 60));
    expect(upper(bursts, 0)).toBe(upper(spread, 0));
  });
});
