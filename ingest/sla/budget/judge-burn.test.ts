import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../../core/testing/seeded-random.ts';
import { BURN_RULES } from './burn-rules.ts';
import { burnRate, stepBurn } from './judge-burn.ts';
import { type BudgetKind, LinkCounts } from './link-counts.ts';

const MINUTE = 60_000;
const INTRA = 0.0003;
const INTER = 0.003;

/** A link that is probed once a second and judged after each record of a minute. */
class Probed {
  readonly counts = new LinkCounts();
  readonly allowed: number;
  nowMs = 0;
  burning: ReadonlySet<string> = new Set();

  constructor(allowed: number) {
    this.allowed = allowed;
  }

  minute(lost: number, isLive = true): this {
    const fromMs = this.nowMs;
    this.nowMs += MINUTE;
    this.counts.take(
      { fromMs, toMs: this.nowMs, sent: 60, lost, answered: 60 - lost, slow: 0 },
      this.nowMs,
      isLive,
    );
    return this.judge('loss');
  }

  judge(kind: BudgetKind): this {
    const { counts, nowMs, allowed } = this;
    this.burning = stepBurn(this.burning, {
      allowed,
      long: ({ longMs }) => counts.share(kind, longMs, nowMs),
      short: ({ shortMs }) => counts.share(kind, shortMs, nowMs, true),
      shortOfAll: ({ shortMs }) => counts.share(kind, shortMs, nowMs),
    });
    return this;
  }

  minutes(count: number, lost: (minute: number) => number = () => 0): this {
    for (let n = 0; n < count; n++) this.minute(lost(n));
    return this;
  }

  /** Minutes until a rule burns; `undefined` where none does within `most`. */
  until(most: number, lost: (minute: number) => number): number | undefined {
    for (let n = 0; n < most; n++) if (this.minute(lost(n)).burning.size > 0) return n + 1;
    return undefined;
  }
}

/** Of 60 probes, each lost with probability `share`. */
function losing(share: number, seed = 1): () => number {
  const random = seededRandom(seed);
  return () => Array.from({ length: 60 }, random).filter((one) => one < share).length;
}

describe('one probe a second', () => {
  it.each([INTRA, INTER])(
    'raises none for a single lost packet, on a new link or an old one (%f)',
    (allowed) => {
      for (const before of [0, 1, 5, 30, 360]) {
        const link = new Probed(allowed).minutes(before);
        expect(
          link.until(360, (n) => (n === 0 ? 1 : 0)),
          `after ${before} min`,
        ).toBeUndefined();
      }
    },
  );

  it('raises none for single losses as often as the objective allows, for a week', () => {
    for (const seed of [1, 2, 3]) {
      const link = new Probed(INTRA).minutes(1_440, losing(INTRA * 0.7, seed));
      expect(link.until(7 * 1_440, losing(INTRA * 0.7, seed + 10))).toBeUndefined();
    }
  });

  it.each([1, 2, 3, 4, 5])('raises for a real loss of two percent within minutes (seed %i)', (seed) => {
    const intra = new Probed(INTRA).minutes(1_440).until(60, losing(0.02, seed));
    const inter = new Probed(INTER).minutes(1_440).until(60, losing(0.02, seed));
    expect(intra).toBeLessThanOrEqual(10);
    expect(inter).toBeLessThanOrEqual(20);
  });

  it('burns fast where all is lost, and ends some minutes after it is over', () => {
    const link = new Probed(INTER).minutes(400).minutes(4, () => 60);
    expect(link.burning).toContain('fast');
    let minutes = 0;
    while (link.burning.has('fast')) {
      link.minute(0);
      minutes++;
    }
    expect(minutes).toBeGreaterThan(2);
    expect(minutes).toBeLessThanOrEqual(6);
  });

  it('does not go on and off around its bound', () => {
    const link = new Probed(INTER).minutes(60);
    // 14.4 times 0.3 % is 2.6 of 60: once it burns, two and three lost in turns keep it burning.
    link.minutes(40, () => 6);
    expect(link.burning).toContain('fast');
    for (let n = 0; n < 30; n++) expect(link.minute(2 + (n % 2)).burning).toContain('fast');
    expect(link.minutes(6, () => 1).burning).not.toContain('fast');
  });

  it('takes one burst for no rate, and nothing that came late for something that is now', () => {
    const burst = new Probed(INTRA).minutes(400).minute(6);
    expect([...burst.burning]).toEqual([]);
    const late = new Probed(INTRA).minutes(400);
    for (let n = 0; n < 30; n++) late.minute(30, false);
    expect([...late.burning]).toEqual([]);
    expect(late.counts.share('loss', 60 * MINUTE, late.nowMs).bad, 'but it counts').toBe(900);
  });

  it('goes on where nothing more is known', () => {
    const link = new Probed(INTER).minutes(60).minutes(10, () => 60);
    link.nowMs += 120 * MINUTE;
    expect(link.judge('loss').burning).toContain('fast');
  });
});

it('says nothing by a rule that so generous an objective cannot break', () => {
  const link = new Probed(0.1).minutes(60).minutes(30, () => 60);
  expect([...link.burning]).not.toContain('fast');
  expect([...link.burning]).toContain('breach');
});

it('judges latency by the share of answers that are too slow', () => {
  const link = new Probed(0.05);
  for (let n = 0; n < 40; n++) {
    const fromMs = n * MINUTE;
    link.nowMs = fromMs + MINUTE;
    link.counts.take(
      { fromMs, toMs: link.nowMs, sent: 60, lost: 0, answered: 60, slow: n < 20 ? 3 : 20 },
      link.nowMs,
      true,
    );
    link.judge('latency');
    if (n === 19) expect([...link.burning]).toEqual([]);
  }
  expect([...link.burning]).toContain('breach');
});

it('counts a record that comes again once, and keeps no more than it needs', () => {
  const counts = new LinkCounts();
  const record = (fromMs: number) => ({
    fromMs,
    toMs: fromMs + MINUTE,
    sent: 60,
    lost: 1,
    answered: 59,
    slow: 0,
  });
  for (let n = 0; n < 5_000; n++) {
    counts.take(record(n * MINUTE), (n + 1) * MINUTE, true);
    counts.take(record(n * MINUTE), (n + 1) * MINUTE, true);
  }
  const nowMs = 5_000 * MINUTE;
  expect(counts.share('loss', 60 * MINUTE, nowMs)).toEqual({ probes: 3_600, bad: 60, badRecords: 60 });
  expect(counts.share('loss', 360 * MINUTE, nowMs).bad).toBe(360);
  // By whole hours, so up to one more.
  expect(counts.share('loss', 72 * 60 * MINUTE, nowMs).bad).toBeGreaterThanOrEqual(72 * 60);
  expect(counts.share('loss', 72 * 60 * MINUTE, nowMs).bad).toBeLessThan(73 * 60);
});

it('tells how fast a budget burns', () => {
  expect(burnRate({ probes: 1_000, bad: 6, badRecords: 1 }, 0.003)).toBeCloseTo(2, 9);
  expect(burnRate({ probes: 0, bad: 0, badRecords: 0 }, 0.003)).toBeUndefined();
  expect(burnRate({ probes: 10, bad: 1, badRecords: 1 }, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(BURN_RULES.map(({ id }) => id)).toEqual(['fast', 'medium', 'slow', 'breach']);
});
