import { beforeEach, expect, it } from 'vitest';
import { packStatus, type SeriesKey, seriesKey, setTags } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { Rule, Threshold, ThresholdScope } from '../../core/thresholds/threshold.ts';
import type { LastReading, SeriesData } from '../stores/store.ts';
import { type Condition, isPending } from './condition.ts';
import { ThresholdWatch } from './threshold-watch.ts';

const S = 1_000;
const MIN = 60 * S;
const GOOD = packStatus('good', 'synced');
const DRY: Rule = { kind: 'bounds', low: { raise: 20, clear: 22 } };

let clock: FakeClock;
let table: SeriesTable;
let thresholds: Threshold[];
let revision: number;
let last: LastReading[];
let past: SeriesData[];
let dues: number[];
let zones: Record<string, { crop?: string; stage?: string }>;

beforeEach(() => {
  clock = new FakeClock();
  table = new SeriesTable();
  thresholds = [];
  revision = 1;
  last = [];
  past = [];
  dues = [];
  zones = {};
});

function threshold(id: string, rule: Rule, parts: Partial<Threshold> = {}): Threshold {
  return {
    ...{ id, rule, scope: {}, measurement: 'soil', field: 'moisture', version: 1, setBy: 'li', why: '' },
    ...{ setMs: clock.nowMs(), forS: 0, severity: 'warning', enabled: true },
    ...parts,
  };
}

function probe(device: string, parts: Partial<SeriesKey> = {}): SeriesKey {
  return seriesKey({
    ...{
      measurement: 'soil',
      field: 'moisture',
      unit: '%',
      site: 'farm',
      gateway: 'pump',
      device,
      zone: 'north',
    },
    ...parts,
  });
}

class Watch {
  readonly watch = new ThresholdWatch({
    clock,
    store: { last: async () => last, query: async () => past },
    book: {
      all: () => thresholds,
      get revision() {
        return revision;
      },
    },
    cropOf: (_site, zone) => zones[zone] ?? {},
    zoneName: (_site, zone) => (zone === 'north' ? '北区' : undefined),
    liveWithinS: 900,
    due: (atMs) => dues.push(atMs),
  });
  sinceMs = clock.nowMs();
  isAway = false;

  static async started(kept: readonly Condition[] = []): Promise<Watch> {
    const one = new Watch();
    one.watch.restore(kept);
    await one.watch.build();
    return one;
  }

  put(
    key: SeriesKey,
    value: number,
    { timeMs = clock.nowMs(), status = GOOD, isHistory = false } = {},
  ): void {
    const batch = new ReadingBatch(table);
    batch.push(table.intern(key).id, timeMs, value, status);
    this.watch.stored(batch, isHistory);
  }

  all(): Condition[] {
    return this.watch.conditions(clock.nowMs(), { isAway: this.isAway, sinceMs: this.sinceMs });
  }

  told(): string[] {
    return this.all()
      .filter((one) => !isPending(one))
      .map(({ kind, subject }) => `${kind} ${subject}`);
  }
}

it('says what is wrong with its value, bound, place and time, in both languages', async () => {
  thresholds = [threshold('dry', DRY, { forS: 600 })];
  const one = await Watch.started();
  one.put(probe('s1', { point: 'd20' }), 17.83);
  expect(one.told()).toEqual([]);
  await clock.advance(599 * S);
  expect(one.told()).toEqual([]);
  await clock.advance(S);
  expect(one.told()).toEqual(['bounds farm/pump/s1']);
  expect(one.all()[0]!.words).toEqual({
    en: 'Soil moisture (volumetric) in 北区 is 17.8 %, below 20 % for 10 min (farm/pump/s1/d20)',
    zh: '北区 的土壤含水率（体积）为 17.8 %，低于 20 %，已持续 10 分钟（farm/pump/s1/d20）',
  });
});

it('asks to be looked at at once when something is raised or cleared, and when a wait will be over', async () => {
  thresholds = [threshold('dry', DRY, { forS: 600 })];
  const one = await Watch.started();
  dues.length = 0;
  one.put(probe('s1'), 17);
  expect(dues).toEqual([clock.nowMs() + 600 * S]);
  await clock.advance(600 * S);
  dues.length = 0;
  one.put(probe('s1'), 17);
  one.put(probe('s1'), 23, { timeMs: clock.nowMs() + 1 });
  expect(dues).toEqual([clock.nowMs(), clock.nowMs()]);
  expect(one.told()).toEqual([]);
});

it('goes on where it was after a restart, pending and raised', async () => {
  thresholds = [threshold('dry', DRY, { forS: 600 })];
  const first = await Watch.started();
  first.put(probe('s1'), 17);
  await clock.advance(300 * S);
  const kept = JSON.parse(JSON.stringify(first.all())) as Condition[];
  expect(kept.map(isPending)).toEqual([true]);

  table = new SeriesTable();
  const again = await Watch.started(kept);
  await clock.advance(299 * S);
  expect(again.told()).toEqual([]);
  await clock.advance(S);
  expect(again.told()).toEqual(['bounds farm/pump/s1']);
  const raised = again.all();

  const third = await Watch.started(JSON.parse(JSON.stringify(raised)) as Condition[]);
  expect(third.all()).toEqual(raised);
  third.put(probe('s1'), 22);
  expect(third.told()).toEqual([]);
});

it('forgets nothing while the store does not answer', async () => {
  thresholds = [threshold('dry', DRY)];
  const first = await Watch.started();
  first.put(probe('s1'), 17);
  const again = new Watch();
  again.watch.restore(first.all());
  expect(again.told()).toEqual(['bounds farm/pump/s1']);
});

it('takes history, late readings and repeats for nothing that is now', async () => {
  thresholds = [threshold('dry', DRY)];
  const one = await Watch.started();
  one.put(probe('s1'), 17, { isHistory: true });
  one.put(probe('s2'), 25);
  one.put(probe('s2'), 17, { timeMs: clock.nowMs() - 1 });
  one.put(probe('s2'), 17);
  one.put(probe('s3'), 17, { timeMs: clock.nowMs() - 901 * S });
  expect(one.told()).toEqual([]);
});

it('knows from the store what an earlier run has judged', async () => {
  thresholds = [threshold('dry', DRY)];
  const series = new SeriesTable().intern(probe('s1'));
  last = [{ series, timeMs: clock.nowMs() - 10 * S, value: 25, status: GOOD }];
  const one = await Watch.started();
  one.put(probe('s1'), 17, { timeMs: clock.nowMs() - 20 * S });
  expect(one.told()).toEqual([]);
  one.put(probe('s1'), 17, { timeMs: clock.nowMs() - 5 * S });
  expect(one.told()).toEqual(['bounds farm/pump/s1']);
});

it('follows a clock that was set back, and judges one that is not set by arrival', async () => {
  thresholds = [threshold('dry', DRY)];
  const one = await Watch.started();
  one.put(probe('s1'), 25);
  const backMs = clock.nowMs() - 60 * MIN;
  one.put(probe('s2'), 17, { timeMs: backMs, status: packStatus('good', 'unsynced') });
  expect(one.told()).toEqual(['bounds farm/pump/s2']);
  expect(one.all()[0]!.sinceMs).toBe(clock.nowMs());
  for (let n = 0; n < 4; n++) {
    await clock.advance(30 * S);
    one.put(probe('s1'), 17, { timeMs: clock.nowMs() - 10 * MIN });
  }
  expect(one.told()).toContain('bounds farm/pump/s1');
});

it('heeds the quality of a value that would be fine by its bounds', async () => {
  thresholds = [threshold('dry', DRY), threshold('odd', { kind: 'implausible' })];
  const one = await Watch.started();
  one.put(probe('s1'), 30);
  await clock.advance(MIN);
  one.put(probe('s1'), 30);
  expect(one.told()).toEqual([]);
  await clock.advance(MIN);
  one.put(probe('s1'), 30, { status: packStatus('bad', 'synced') });
  expect(one.told()).toEqual(['implausible farm/pump/s1']);
});

it('never judges bad values by bounds, but as implausible, and what was refused as that', async () => {
  thresholds = [threshold('dry', DRY), threshold('odd', { kind: 'implausible' })];
  const one = await Watch.started();
  one.put(probe('s1'), 3, { status: packStatus('bad', 'synced') });
  expect(one.told()).toEqual(['implausible farm/pump/s1']);
  one.watch.refused(probe('s2'), clock.nowMs(), 180);
  expect(one.told()).toEqual(['implausible farm/pump/s1', 'implausible farm/pump/s2']);
});

it('tells who has fallen silent, also over a restart, and one that was never heard of where it is named', async () => {
  const rule: Rule = { kind: 'no-data', afterS: 300 };
  const scope: ThresholdScope = { site: 'farm', gateway: 'pump', device: 'dead' };
  thresholds = [threshold('any', rule), threshold('named', rule, { scope })];
  const series = new SeriesTable().intern(probe('s1'));
  last = [{ series, timeMs: clock.nowMs() - 3_600 * S, value: 25, status: GOOD }];
  const one = await Watch.started();
  one.put(probe('s2'), 25);
  await clock.advance(299 * S);
  one.put(probe('s2'), 25);
  expect(one.told()).toEqual([]);
  await clock.advance(S);
  expect(one.told().sort()).toEqual(['no-data farm/pump/dead', 'no-data farm/pump/s1']);
  const silent = one.all().find(({ subject }) => subject.endsWith('s1'))!;
  expect(silent.sinceMs).toBe(clock.nowMs() - 3_900 * S);
  one.put(probe('s1'), 25);
  one.put(probe('dead', { zone: '' }), 25);
  expect(one.told()).toEqual([]);
});

it('tells nobody to be silent while it hears nobody, and gives everybody time after that', async () => {
  thresholds = [threshold('any', { kind: 'no-data', afterS: 300 })];
  const one = await Watch.started();
  one.put(probe('s1'), 25);
  one.isAway = true;
  await clock.advance(3_600 * S);
  expect(one.told()).toEqual([]);
  one.sinceMs = clock.nowMs();
  one.isAway = false;
  await clock.advance(299 * S);
  expect(one.told()).toEqual([]);
  await clock.advance(S);
  expect(one.told()).toEqual(['no-data farm/pump/s1']);
});

it('does not call a device silent where it was, once it was placed in another zone', async () => {
  thresholds = [threshold('any', { kind: 'no-data', afterS: 300 })];
  const one = await Watch.started();
  one.put(probe('s1'), 25);
  await clock.advance(200 * S);
  one.put(probe('s1', { zone: 'south' }), 25);
  await clock.advance(200 * S);
  expect(one.told()).toEqual([]);
  // The same after a restart: the store knows both.
  const series = [probe('s1'), probe('s1', { zone: 'south' })].map((key) => new SeriesTable().intern(key));
  const [before, after] = series.map((key, n) => ({
    series: key,
    timeMs: clock.nowMs() - (9 - n) * S,
    value: 25,
    status: GOOD,
  }));
  last = [after!, before!];
  const again = await Watch.started();
  expect([...again.watch.judged()].map(({ key }) => key.zone)).toEqual(['south']);
});

it('tells one that differs from the others of its zone', async () => {
  thresholds = [threshold('odd', { kind: 'neighbours', by: 8 })];
  const one = await Watch.started();
  for (const [device, value] of Object.entries({ s1: 24, s2: 25, s3: 26, s4: 40 }))
    one.put(probe(device), value);
  // Two in another zone say nothing of each other.
  one.put(probe('t1', { zone: 'south' }), 10);
  one.put(probe('t2', { zone: 'south' }), 60);
  expect(one.told()).toEqual(['neighbours farm/pump/s4']);
  await clock.advance(S);
  one.put(probe('s4'), 30);
  expect(one.told()).toEqual([]);
});

it('goes by what grows in the zone, and by bounds that are moved, from then on', async () => {
  thresholds = [threshold('tomato', DRY, { scope: { crop: 'tomato' } })];
  const one = await Watch.started();
  one.put(probe('s1'), 17);
  expect(one.told()).toEqual([]);
  zones.north = { crop: 'tomato' };
  one.watch.zonesChanged();
  await one.watch.build();
  one.put(probe('s1'), 17, { timeMs: clock.nowMs() + 1 });
  expect(one.told()).toEqual(['bounds farm/pump/s1']);

  const moved: Rule = { kind: 'bounds', low: { raise: 15, clear: 16 } };
  thresholds = [{ ...thresholds[0]!, rule: moved, version: 2 }];
  revision++;
  const series = new SeriesTable().intern(probe('s1'));
  last = [{ series, timeMs: clock.nowMs(), value: 17, status: GOOD }];
  await one.watch.build();
  expect(one.told()).toEqual([]);

  thresholds = [{ ...thresholds[0]!, rule: DRY, version: 3 }];
  revision++;
  await one.watch.build();
  expect(one.told()).toEqual(['bounds farm/pump/s1']);
  thresholds = [];
  revision++;
  await one.watch.build();
  expect(one.told()).toEqual([]);
});

it('compares with all of the zone, judged or not, and counts each once', async () => {
  // Only one of them is judged; and two thresholds over two series are no four neighbours.
  thresholds = [threshold('odd', { kind: 'neighbours', by: 8 }, { scope: { device: 's4' } })];
  const one = await Watch.started();
  for (const [device, value] of Object.entries({ s1: 24, s2: 25, s3: 26, s4: 40 }))
    one.put(probe(device), value);
  expect(one.told()).toEqual(['neighbours farm/pump/s4']);
  expect([...one.watch.judged()].map(({ key }) => key.device)).toEqual(['s4']);

  const rule: Rule = { kind: 'neighbours', by: 8 };
  thresholds = [threshold('odd', rule), threshold('very', rule, { severity: 'critical' })];
  table = new SeriesTable();
  const two = await Watch.started();
  two.put(probe('t1'), 10);
  two.put(probe('t2'), 60);
  expect(two.told()).toEqual([]);
});

it('compares with no value that is bad by its own quality', async () => {
  thresholds = [threshold('odd', { kind: 'neighbours', by: 8 })];
  last = ['s1', 's2', 's3'].map((device, n) => ({
    ...{
      series: new SeriesTable().intern(probe(device)),
      timeMs: clock.nowMs() - S,
      value: n === 0 ? 99 : 25,
    },
    status: n === 0 ? packStatus('bad', 'synced') : GOOD,
  }));
  const one = await Watch.started();
  expect(one.told()).toEqual([]);
});

it('takes one late reading for no clock that was set back, however long ago the last late one was', async () => {
  thresholds = [threshold('dry', DRY)];
  const one = await Watch.started();
  for (let n = 0; n < 5; n++) {
    one.put(probe('s1'), 25);
    one.put(probe('s1'), 17, { timeMs: clock.nowMs() - 5 * S });
    expect(one.told()).toEqual([]);
    await clock.advance(40 * S);
  }
  // A late one that is well is late all the same: what came before it is no newer for that.
  one.put(probe('s1'), 25);
  one.put(probe('s1'), 25, { timeMs: clock.nowMs() - 10 * S });
  one.put(probe('s1'), 17, { timeMs: clock.nowMs() - 5 * S });
  expect(one.told()).toEqual([]);
});

it('calls nobody silent who says what cannot be', async () => {
  thresholds = [threshold('any', { kind: 'no-data', afterS: 300 })];
  const one = await Watch.started();
  one.put(probe('s1'), 25);
  for (let n = 0; n < 5; n++) {
    await clock.advance(200 * S);
    one.watch.refused(probe('s1'), clock.nowMs(), 180);
    expect(one.told()).toEqual([]);
  }
});

it('waits the time of the threshold, and no more, for who spoke before the clock was set back', async () => {
  thresholds = [threshold('any', { kind: 'no-data', afterS: 300 })];
  last = [
    {
      ...{
        series: new SeriesTable().intern(probe('s1')),
        timeMs: clock.nowMs() - S,
        value: 25,
        status: GOOD,
      },
    },
  ];
  const one = await Watch.started();
  await clock.advance(100 * S);
  one.put(probe('s1'), 25);
  clock.stepWall(-3_600 * S);
  one.watch.clockSetBack();
  one.sinceMs = clock.nowMs();
  await clock.advance(299 * S);
  expect(one.told()).toEqual([]);
  await clock.advance(S);
  expect(one.told()).toEqual(['no-data farm/pump/s1']);
});

it('says how bad it became and what it is now, and that again once a minute at most', async () => {
  thresholds = [threshold('dry', DRY)];
  const one = await Watch.started();
  one.put(probe('s1'), 19);
  const [raised] = one.all();
  await clock.advance(30 * S);
  one.put(probe('s1'), 12);
  expect(one.all()).toEqual([raised]);
  await clock.advance(30 * S);
  one.put(probe('s1'), 15);
  const [later] = one.all();
  expect(later!.words).toEqual({
    en: 'Soil moisture (volumetric) in 北区 is 19 %, below 20 %; at worst 12 %, now 15 % (farm/pump/s1)',
    zh: '北区 的土壤含水率（体积）为 19 %，低于 20 %；最差 12 %，现为 15 %（farm/pump/s1）',
  });
  expect(later).toMatchObject({ noticedMs: raised!.noticedMs, sinceMs: raised!.sinceMs });
  await clock.advance(60 * S);
  expect(one.all()[0]).toBe(later);
});

it('knows after a restart what came within the time of a rate and of being stuck', async () => {
  const nowMs = clock.nowMs();
  thresholds = [
    threshold('fall', { kind: 'rate', overS: 1_600, fall: 5 }),
    threshold('still', { kind: 'stuck', band: 0.5, overS: 1_600 }),
  ];
  const ago = [1_500, 1_000, 500, 100];
  const series = (device: string, value: number[]) => ({
    ...{ measurement: 'soil', field: 'moisture', tags: setTags(probe(device)), value },
    timeMs: ago.map((s) => nowMs - s * S),
  });
  past = [series('s1', [30, 29, 28, 28]), series('s2', [25, 25, 25, 25])];
  last = ['s1', 's2'].map((device) => ({
    ...{ series: new SeriesTable().intern(probe(device)), timeMs: nowMs - 100 * S, status: GOOD },
    value: device === 's1' ? 28 : 25,
  }));
  const one = await Watch.started();
  one.put(probe('s1'), 24.9);
  one.put(probe('s2'), 25);
  expect(one.told()).toEqual(['rate farm/pump/s1']);
  await clock.advance(200 * S);
  one.put(probe('s2'), 25);
  expect(one.told().sort()).toEqual(['rate farm/pump/s1', 'stuck farm/pump/s2']);
});

it('ends a silence with the next reading, also of a series that was calm before', async () => {
  thresholds = [threshold('any', { kind: 'no-data', afterS: 300 })];
  const one = await Watch.started();
  for (const value of [25, 26]) {
    one.put(probe('s1'), value);
    await clock.advance(10 * S);
  }
  await clock.advance(300 * S);
  expect(one.told()).toEqual(['no-data farm/pump/s1']);
  one.put(probe('s1'), 25);
  expect(one.told()).toEqual([]);
});
