import { describe, expect, it } from 'vitest';
import { findQuantity } from '../../../../../core/quantities.ts';
import type { Threshold } from '../../../../../core/thresholds/threshold.ts';
import type { CataloguedMetric, Condition, StateMetric } from '../../farm.ts';
import { flowAnswer, meterOf } from './flow-answer.ts';
import { boundsOf, moved, pathOf, scaleBar, toPixels, viewOfAll, zoomed } from './map-view.ts';
import { boundsFor, zoneWord } from './zone-state.ts';

function metric(
  path: string,
  value: number,
  tags: object = {},
  condition: Condition = 'good',
): CataloguedMetric {
  const [measurement = '', field = ''] = path.split('/');
  const place = { site: 'farm', gateway: 'g', ...tags };
  const state = { timeMs: 1_000, quality: 'good' as const, clock: 'synced' as const, stale: false, unit: '' };
  const reading = { ...state, measurement, field, tags: place, value };
  return { key: path, reading, quantity: findQuantity(measurement, field)!, condition, ageMs: 0 };
}
const moisture = (value: number, condition?: Condition) =>
  metric('soil/moisture', value, { device: 'probe', zone: 'north' }, condition);
const valve = (value: number, condition?: Condition): StateMetric => ({
  ...metric('irrigation/valve_state', value, { device: 'valves', point: 'v1', zone: 'north' }, condition),
  closesAtMs: undefined,
});
const threshold = (
  id: string,
  scope: Threshold['scope'],
  low?: number,
  high?: number,
  more: object = {},
): Threshold => ({
  ...{ id, scope, measurement: 'soil', field: 'moisture', forS: 0, severity: 'warning', enabled: true },
  rule: {
    kind: 'bounds',
    ...(low !== undefined && { low: { raise: low, clear: low + 2 } }),
    ...(high !== undefined && { high: { raise: high, clear: high - 2 } }),
  },
  ...{ version: 1, setBy: 'x', setMs: 0, why: '' },
  ...more,
});
const judgedBy = (id: string) =>
  [...[{ tags: { site: 'farm', gateway: 'g', device: 'probe', zone: 'north' }, threshold: id }]].map(
    (one) => ({ ...one, measurement: 'soil', field: 'moisture', kind: 'bounds', value: 0 }),
  );

describe('the word for a zone', () => {
  const bounds = [threshold('t', { site: 'farm' }, 20, 40)];
  const word = (gauges: CataloguedMetric[], states: StateMetric[] = [], judged = judgedBy('none')) =>
    zoneWord({ zone: undefined, gauges, states }, bounds, judged);

  it('is by its bounds, and keeps what was raised until it is back past the second bound', () => {
    expect(word([moisture(19)])).toBe('dry');
    expect(word([moisture(21)])).toBe('fine');
    expect(word([moisture(21)], [], judgedBy('t'))).toBe('dry');
    expect(word([moisture(39)], [], judgedBy('t'))).toBe('wet');
    expect(word([moisture(41)])).toBe('wet');
    expect(zoneWord({ zone: undefined, gauges: [moisture(3)], states: [] }, [], [])).toBe('unjudged');
  });

  it('is nothing that an old value says, and water before all', () => {
    expect(word([moisture(19, 'offline')])).toBe('unknown');
    expect(word([moisture(19, 'old')])).toBe('unknown');
    expect(word([moisture(19, 'bad')])).toBe('unknown');
    expect(word([])).toBe('unknown');
    expect(word([moisture(19)], [valve(1)])).toBe('watering');
    expect(word([moisture(19)], [valve(1, 'offline')])).toBe('dry');
    expect(word([moisture(30), moisture(10)])).toBe('dry');
  });

  it('goes by the most specific bounds, and by those of its crop only where it grows', () => {
    const { tags } = moisture(0).reading;
    const all = [
      threshold('site', { site: 'farm' }, 10),
      threshold('crop', { crop: 'tomato', stage: 'mid' }, 25),
      threshold('zone', { zone: 'north' }, 30, undefined, { enabled: false }),
      threshold('elsewhere', { zone: 'south' }, 99),
    ];
    expect(boundsFor(tags, undefined, all)).toMatchObject({ thresholds: ['site'], low: 10 });
    expect(boundsFor(tags, { crop: 'tomato', stage: 'mid' }, all)).toMatchObject({
      thresholds: ['crop'],
      low: 25,
    });
    expect(boundsFor(tags, { crop: 'tomato', stage: 'late' }, all)).toMatchObject({ thresholds: ['site'] });
    expect(boundsFor(tags, undefined, [...all, threshold('own', { device: 'probe' }, 31)])).toMatchObject({
      low: 31,
    });
  });

  it('goes by every severity that judges, each by its own most specific, and of equals by the one that was set last', () => {
    const { tags } = moisture(0).reading;
    const all = [
      threshold('alarm', { site: 'farm' }, 12, 50, { severity: 'critical' }),
      threshold('old', { zone: 'north' }, 18, 40),
      threshold('new', { zone: 'north' }, 20, 44, { setMs: 1 }),
    ];
    expect(boundsFor(tags, undefined, all)).toEqual({ thresholds: ['alarm', 'new'], low: 20, high: 44 });
    const zone = { zone: undefined, gauges: [moisture(21)], states: [] };
    expect(zoneWord(zone, all, judgedBy('alarm'))).toBe('dry');
    expect(zoneWord(zone, all, judgedBy('old'))).toBe('fine');
  });
});

describe('the flow that answers a valve', () => {
  const meter = (value: number, timeMs: number, condition?: Condition) => {
    const flow = metric('irrigation/flow', value, { device: 'main' }, condition);
    return { ...flow, reading: { ...flow.reading, timeMs } };
  };
  const asked = { openedMs: 10_000, beforeLPerMin: 0, nowMs: 15_000 };

  it('says nothing of what was before, waits, and tells when no water comes', () => {
    expect(flowAnswer(meter(32, 9_000), asked)).toEqual({ kind: 'waiting' });
    expect(flowAnswer(meter(32, 13_000), asked)).toMatchObject({
      kind: 'flowing',
      afterMs: 3_000,
      wasRunning: false,
    });
    expect(flowAnswer(meter(0.2, 13_000), asked)).toEqual({ kind: 'waiting' });
    expect(flowAnswer(meter(0.2, 13_000), { ...asked, nowMs: 41_000 })).toEqual({
      kind: 'none',
      afterMs: 31_000,
    });
    expect(flowAnswer(meter(32, 13_000, 'offline'), { ...asked, nowMs: 41_000 })).toMatchObject({
      kind: 'none',
    });
    expect(flowAnswer(meter(60, 13_000), { ...asked, beforeLPerMin: 30 })).toMatchObject({
      wasRunning: true,
    });
    expect(flowAnswer(undefined, asked)).toEqual({ kind: 'no-meter' });
  });

  it('is of the meter of its zone, else of its gateway, and of none where several might be meant', () => {
    const common = metric('irrigation/flow', 1, { device: 'main' });
    const own = metric('irrigation/flow', 1, { device: 'own', zone: 'north' });
    const other = metric('irrigation/flow', 1, { device: 'x', gateway: 'other' });
    expect(meterOf(valve(1), [common, own, other])).toBe(own);
    expect(meterOf(valve(1), [common, other])).toBe(common);
    expect(meterOf(valve(1), [common, metric('irrigation/flow', 1, { device: 'second' })])).toBeUndefined();
    expect(meterOf(valve(1), [other])).toBeUndefined();
  });
});

describe('the map', () => {
  const size = { width: 400, height: 300 };
  const bounds = boundsOf([[113, 22], [113.01, 22.01]])!; // biome-ignore format: positions

  it('shows all of it, north up, at one scale', () => {
    const view = viewOfAll(bounds, size);
    const [west, south] = toPixels([113, 22], bounds, view, size);
    const [east, north] = toPixels([113.01, 22.01], bounds, view, size);
    expect(west).toBeGreaterThan(30);
    expect(east).toBeLessThan(370);
    expect(north).toBeCloseTo(36, 0);
    expect(south).toBeCloseTo(264, 0);
    // 1 031 m by 1 112 m.
    expect((east - west) / (south - north)).toBeCloseTo(0.927, 2);
  });

  it('moves, and zooms about where somebody points', () => {
    const view = viewOfAll(bounds, size);
    const corner: [number, number] = [113.01, 22.01];
    const before = toPixels(corner, bounds, view, size);
    const after = toPixels(corner, bounds, zoomed(view, 3, before[0] - 200, before[1] - 150), size);
    expect(after[0]).toBeCloseTo(before[0], 6);
    expect(after[1]).toBeCloseTo(before[1], 6);
    const right = toPixels(corner, bounds, moved(view, 50, 20), size);
    expect([right[0] - before[0], right[1] - before[1]]).toEqual([expect.closeTo(50), expect.closeTo(20)]);
    expect(zoomed(view, 1e9).pxPerM).toBe(200);
  });

  it('has a scale of a round length', () => {
    expect(scaleBar(0.25, 110)).toMatchObject({ lengthM: 200, px: 50 });
    expect(scaleBar(12, 110)).toMatchObject({ lengthM: 5, px: 60 });
    expect(scaleBar(0.001, 110).lengthM).toBe(100_000);
  });

  it('is of nothing where nothing has a place, and of something where one point has', () => {
    expect(boundsOf([])).toBeUndefined();
    expect(viewOfAll(boundsOf([[113, 22]])!, size).pxPerM).toBeLessThan(50);
  });

  it('shows land on both sides of 180° side by side, and sites at two ends of the earth at once', () => {
    const taveuni = boundsOf([
      [179.99, -17],
      [-179.99, -16.99],
    ])!;
    expect(taveuni.widthM).toBeCloseTo(2_127, -1);
    const view = viewOfAll(taveuni, size);
    expect(toPixels([179.99, -17], taveuni, view, size)[0]).toBeCloseTo(36, 0);
    expect(toPixels([-179.99, -17], taveuni, view, size)[0]).toBeCloseTo(364, 0);
    const far = boundsOf([
      [113, 22],
      [-51, -15],
    ])!;
    const all = viewOfAll(far, size);
    for (const place of [
      [113, 22],
      [-51, -15],
    ]) {
      const [x] = toPixels(place, far, all, size);
      expect(x).toBeGreaterThan(0);
      expect(x).toBeLessThan(400);
    }
  });

  it('draws no point twice where many fall on one', () => {
    const pixels = ([x, y]: readonly number[]): [number, number] => [x!, y!];
    const ring = [
      [0, 0],
      [0.2, 0.1],
      [9, 0],
      [9.3, 0],
      [9, 9],
      [0, 0],
    ];
    expect(pathOf([ring], pixels)).toBe('M0 0L9 0L9 9L0 0Z');
  });
});
