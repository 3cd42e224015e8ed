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
      ...{ kind, allowed },
      long: ({ longMs }) => counts.share(kind, { windowMs: longMs, nowMs }),
      longBlocks: ({ longMs }) => counts.blocks(kind, { windowMs: longMs, nowMs }),
      short: ({ shortMs }) => counts.share(kind, { windowMs: shortMs, nowMs, onlyLive: true }),
      shortOfAll: ({ shortMs }) => counts.share(kind, { windowMs: shortMs, nowMs }),
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

function inBursts(share: number, meanBurst: number, seed: number): () => number {
  const random = seededRandom(seed);
  const ends = 1 / meanBurst;
  const begins = (share * ends) / (1 - share);
  let isLosing = false;
  return () => {
    let lost = 0;
    for (let n = 0; n < 60; n++) {
      isLosing = isLosing ? random() >= ends : random() < begins;
      if (isLosing) lost++;
    }
    return lost;
  };
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

  // Gilbert–Elliott: a burst begins and ends by chance, and loses all.
  it.each([INTRA, INTER].flatMap((allowed) => [3, 10, 50].map((burst) => [allowed, burst] as const)))(
    'raises none for a week of 0.7 × %f in bursts of %i',
    (allowed, burst) => {
      const raised = new Probed(allowed).until(7 * 1_440, inBursts(allowed * 0.7, burst, 1));
      expect(raised).toBeUndefined();
    },
  );

  it.each([0.1, 0.3, 0.6, 1])(
    'raises within minutes for a loss of %f that goes on, not for one minute',
    (share) => {
      const link = new Probed(INTER).minutes(400);
      expect([...link.minute(60 * share).burning]).toEqual([]);
      expect(link.until(30, () => 60 * share)).toBeLessThanOrEqual(8);
      // One stretch of loss says little of an hour, until it is a good part of it.
      expect([...link.minutes(40, () => 60 * share).burning]).toContain('fast');
    },
  );

  it('raises for a loss of five percent in bursts of three', () => {
    for (const seed of [1, 2, 3])
      expect(new Probed(INTER).minutes(60).until(180, inBursts(0.05, 3, seed))).toBeLessThanOrEqual(60);
  });

  it.each([1, 2, 3, 4, 5])('raises for a real loss of two percent within minutes (seed %i)', (seed) => {
    const intra = new Probed(INTRA).minutes(1_440).until(60, losing(0.02, seed));
    const inter = new Probed(INTER).minutes(1_440).until(60, losing(0.02, seed));
    expect(intra).toBeLessThanOrEqual(10);
    expect(inter).toBeLessThanOrEqual(20);
  });

  it('burns fast where all is lost, and ends some minutes after it is over', () => {
    const link = new Probed(INTER).minutes(400).minutes(25, () => 60);
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
    expect(late.counts.share('loss', { windowMs: 60 * MINUTE, nowMs: late.nowMs }).bad, 'but it counts').toBe(
      900,
    );
  });

  it('goes on where nothing more is known', () => {
    const link = new Probed(INTER).minutes(60).minutes(25, () => 60);
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
  const over = (windowMs: number) => counts.share('loss', { windowMs, nowMs: 5_000 * MINUTE });
  const knownMs = 60 * MINUTE;
  expect(over(60 * MINUTE)).toEqual({ probes: 3_600, bad: 60, badRecords: 60, knownMs });
  expect(over(360 * MINUTE).bad).toBe(360);
  // By whole slots, so up to one more; what comes again within six hours is not counted again.
  expect(over(72 * 60 * MINUTE).bad).toBeGreaterThanOrEqual(72 * 60);
  expect(over(72 * 60 * MINUTE).bad).toBeLessThanOrEqual(72 * 60 + 5);
});

it('counts nothing of what is left out, and of the past anew what is forgotten', () => {
  const counts = new LinkCounts();
  const minutes = 10 * 60;
  const nowMs = minutes * MINUTE;
  const all = Array.from({ length: minutes }, (_, n) => n * MINUTE).map((fromMs) => ({
    ...{ fromMs, toMs: fromMs + MINUTE, sent: 60, lost: 1, answered: 59, slow: 0 },
  }));
  for (const one of all) counts.take(one, nowMs, true);
  const days = 72 * 60 * MINUTE;
  for (const windowMs of [6 * 60 * MINUTE, days]) {
    const whole = counts.share('loss', { windowMs, nowMs }).bad;
    const leftOut = [{ fromMs: nowMs - 120 * MINUTE, toMs: nowMs - 60 * MINUTE }];
    expect(counts.share('loss', { windowMs, nowMs, leftOut }).bad, `${windowMs}`).toBe(whole - 60);
  }
  const cutMs = nowMs - 6 * 60 * MINUTE;
  counts.forget(cutMs);
  expect(counts.share('loss', { windowMs: days, nowMs }).bad).toBe(360);
  for (const one of all) if (one.toMs <= cutMs) counts.take(one, nowMs, false);
  expect(counts.share('loss', { windowMs: days, nowMs }).bad).toBe(600);
});

it('tells how fast a budget burns', () => {
  expect(burnRate({ probes: 1_000, bad: 6, badRecords: 1, knownMs: 0 }, 0.003)).toBeCloseTo(2, 9);
  expect(burnRate({ probes: 0, bad: 0, badRecords: 0, knownMs: 0 }, 0.003)).toBeUndefined();
  expect(burnRate({ probes: 10, bad: 1, badRecords: 1, knownMs: 0 }, 0)).toBe(Number.POSITIVE_INFINITY);
  expect(BURN_RULES.map(({ id }) => id)).toEqual(['fast', 'medium', 'slow', 'breach']);
});
