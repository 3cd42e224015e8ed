import { expect, it } from 'vitest';
import type { RecordSketch } from './find-outages.ts';
import { seenOver, uselessShare } from './seen-over.ts';

const MINUTE = 60_000;
const record = (n: number, change: Partial<RecordSketch> = {}): RecordSketch => ({
  ...{ fromMs: n * MINUTE, toMs: (n + 1) * MINUTE },
  ...{ scheduled: 60, received: 60, lost: 0, useless: 0, gaps: [], ...change },
});
const gap = (fromS: number, toS: number) => ({ fromMs: fromS * 1000, toMs: toS * 1000, probes: toS - fromS });

it('saw the same where its own outage covers half of it, clocks two seconds apart', () => {
  const during = { fromMs: 70_000, toMs: 80_000 };
  const down = (fromS: number, toS: number) =>
    seenOver([record(0), record(1, { lost: 10, received: 50, gaps: [gap(fromS, toS)] })], during);
  expect(down(70, 80)).toBe('down');
  expect(down(72, 82)).toBe('down');
  expect(down(77, 100)).toBe('down');
  expect(down(90, 100)).toBe('up');
});

it('knows nothing without records, without answers that count, or with too few probes', () => {
  const during = { fromMs: 70_000, toMs: 80_000 };
  expect(seenOver([], during)).toBe('unknown');
  expect(seenOver([record(1, { received: 0, useless: 60 })], during)).toBe('unknown');
  expect(seenOver([record(1, { scheduled: 6, received: 6 })], during)).toBe('unknown');
  expect(seenOver([record(1)], during)).toBe('up');
});

it('shares out what says nothing by the records of that time', () => {
  const records = [record(0, { useless: 60, received: 0 }), record(1, { useless: 15, received: 45 })];
  expect(uselessShare(records, { fromMs: 70_000, toMs: 80_000 })).toBe(0.25);
  expect(uselessShare(records, { fromMs: 0, toMs: 2 * MINUTE })).toBe(0.625);
  expect(uselessShare([], { fromMs: 0, toMs: 1 })).toBe(0);
});
