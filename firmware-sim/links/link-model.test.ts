import { describe, expect, it } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { seedFor } from '../farm/random.ts';
import { Impairment } from './link-config.ts';
import { type Fate, LONGEST_DELAY_MS, newFlow, nextFate } from './link-model.ts';

const PACKETS = 100_000;

function impairment(parts: Partial<Impairment>): Impairment {
  return checkConfig(Impairment, parts);
}

function fatesOf(parts: Partial<Impairment>, { packets = PACKETS, seed = 1 } = {}): Fate[] {
  const checked = impairment(parts);
  let state = newFlow(seedFor(seed, 'there'));
  return Array.from({ length: packets }, () => {
    const step = nextFate(state, checked);
    state = step.state;
    return step.fate;
  });
}

function delaysOf(parts: Partial<Impairment>): number[] {
  return fatesOf(parts)
    .map(({ delaysMs }) => delaysMs[0]!)
    .sort((a, b) => a - b);
}

const isLost = ({ delaysMs }: Fate) => delaysMs.length === 0;
const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
/** 4.5 standard deviations of a share of so many trials: a fixed seed passes or fails for ever, and a wrong model fails. */
const noise = (share: number, trials: number) => 4.5 * Math.sqrt((share * (1 - share)) / trials);

/** Lengths of the runs of losses. */
function bursts(fates: readonly Fate[]): number[] {
  const lengths: number[] = [];
  let length = 0;
  for (const fate of fates) {
    if (isLost(fate)) length++;
    else if (length > 0) {
      lengths.push(length);
      length = 0;
    }
  }
  return lengths;
}

describe('the model of a link', () => {
  it('lets packets pass as they are where nothing is set', () => {
    for (const fate of fatesOf({}, { packets: 100 }))
      expect(fate).toEqual({ delaysMs: [0], isHeldBack: false });
  });

  it('does the same to packet n for the same seed, and something else for another', () => {
    const parts: Partial<Impairment> = {
      ...{ delayMs: 5, jitter: { shape: 'normal', ms: 1 }, loss: { share: 0.1, meanBurst: 3 } },
      ...{ duplicateShare: 0.1, reorder: { share: 0.1, byMs: 4 } },
    };
    const fates = fatesOf(parts, { packets: 1_000 });
    expect(fatesOf(parts, { packets: 1_000 })).toEqual(fates);
    expect(fatesOf(parts, { packets: 1_000, seed: 2 })).not.toEqual(fates);
  });

  it('is pinned: who knows the seed knows what is lost, in every version', () => {
    const lost = fatesOf({ loss: { share: 0.05 } }, { packets: 200 }).flatMap((fate, n) =>
      isLost(fate) ? [n] : [],
    );
    expect(lost).toEqual([3, 5, 15, 43, 98, 127, 135, 143, 187]);
  });

  it.each([0.0003, 0.01, 0.3])('loses a share of %d, each packet by itself', (share) => {
    const fates = fatesOf({ loss: { share } });
    expect(Math.abs(mean(fates.map((fate) => Number(isLost(fate)))) - share)).toBeLessThan(
      noise(share, PACKETS),
    );
    const afterLoss = fates.filter((_, n) => n > 0 && isLost(fates[n - 1]!));
    const again = mean(afterLoss.map((fate) => Number(isLost(fate))));
    expect(Math.abs(again - share)).toBeLessThanOrEqual(
      noise(share, afterLoss.length) + 1 / afterLoss.length,
    );
  });

  it.each([
    [0.01, 4],
    [0.3, 2],
    [0.02, 20],
  ])('loses a share of %d in bursts of %d packets at the mean', (share, meanBurst) => {
    const fates = fatesOf({ loss: { share, meanBurst } });
    const lengths = bursts(fates);
    // The deviation of a geometric length is about its mean.
    expect(Math.abs(mean(lengths) - meanBurst)).toBeLessThan((4.5 * meanBurst) / Math.sqrt(lengths.length));
    // Losses that come together make the share less sure, by about the root of twice their length.
    const found = mean(fates.map((fate) => Number(isLost(fate))));
    expect(Math.abs(found - share)).toBeLessThan(noise(share, PACKETS) * Math.sqrt(2 * meanBurst));
  });

  it('never loses two in a row where a burst is one packet long', () => {
    expect(Math.max(...bursts(fatesOf({ loss: { share: 0.2, meanBurst: 1 } })))).toBe(1);
  });

  it('loses everything at a share of 1, and nothing at 0', () => {
    for (const meanBurst of [undefined, 5]) {
      const burst = meanBurst === undefined ? {} : { meanBurst };
      expect(fatesOf({ loss: { share: 1, ...burst } }).every(isLost)).toBe(true);
      expect(fatesOf({ loss: { share: 0, ...burst } }).some(isLost)).toBe(false);
    }
  });

  it('delays by the distribution that is set', () => {
    const uniform = delaysOf({ delayMs: 10, jitter: { shape: 'uniform', ms: 4 } });
    expect(uniform[0]).toBeGreaterThanOrEqual(10);
    expect(uniform.at(-1)).toBeLessThan(14);
    expect(mean(uniform)).toBeCloseTo(12, 1);

    const normal = delaysOf({ delayMs: 10, jitter: { shape: 'normal', ms: 2 } });
    expect(mean(normal)).toBeCloseTo(10, 1);
    // 84.13 % of a normal distribution lie below its mean and one deviation.
    expect(normal[Math.round(0.8413 * PACKETS)]).toBeCloseTo(12, 1);
    expect(normal[0]).toBeGreaterThan(0);

    const tail = delaysOf({ delayMs: 10, jitter: { shape: 'heavy-tail', ms: 2 } });
    expect(tail[0]).toBeGreaterThanOrEqual(10);
    expect(tail[PACKETS / 2]).toBeCloseTo(10 + 2 * (Math.SQRT2 - 1), 1);
    const [atP99, largest] = [tail[0.99 * PACKETS]!, tail.at(-1)!];
    expect(Math.abs(atP99 - 28)).toBeLessThan(1);
    expect(largest).toBeGreaterThan(200);
    expect(largest).toBeLessThanOrEqual(LONGEST_DELAY_MS);
  });

  it('never lets a packet leave before it came', () => {
    expect(delaysOf({ delayMs: 1, jitter: { shape: 'normal', ms: 5 } })[0]).toBe(0);
  });

  it('duplicates and holds back what is not lost, by the shares that are set', () => {
    const fates = fatesOf({
      ...{ delayMs: 10, loss: { share: 0.5 }, jitter: { shape: 'uniform', ms: 1 } },
      ...{ duplicateShare: 0.02, reorder: { share: 0.05, byMs: 30 } },
    });
    const kept = fates.filter((fate) => !isLost(fate));
    const copied = kept.filter(({ delaysMs }) => delaysMs.length === 2);
    expect(Math.abs(copied.length / kept.length - 0.02)).toBeLessThan(noise(0.02, kept.length));
    expect(copied.every(({ delaysMs: [first, copy] }) => first !== copy)).toBe(true);
    const held = kept.filter(({ isHeldBack }) => isHeldBack);
    expect(Math.abs(held.length / kept.length - 0.05)).toBeLessThan(noise(0.05, kept.length));
    for (const { delaysMs, isHeldBack } of kept) {
      expect(Math.floor(delaysMs[0]!)).toBe(isHeldBack ? 40 : 10);
    }
  });

  it('asks each question by itself: a delay set beside a loss moves no loss', () => {
    const alone = fatesOf({ loss: { share: 0.1 } }, { packets: 1_000 });
    const beside = fatesOf(
      { loss: { share: 0.1 }, delayMs: 3, jitter: { shape: 'heavy-tail', ms: 1 }, duplicateShare: 0.5 },
      { packets: 1_000 },
    );
    expect(beside.map(isLost)).toEqual(alone.map(isLost));
  });
});
