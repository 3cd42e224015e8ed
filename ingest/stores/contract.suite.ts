import { afterEach, beforeEach, expect, it } from 'vitest';
import type { Scope } from '../../core/access.ts';
import type { ServiceContext } from '../../core/context.ts';
import { packStatus, type Reading, type SeriesKey, seriesKey } from '../../core/reading.ts';
import { ReadingBatch, SeriesTable } from '../../core/reading-batch.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { SCAN_ROWS, type ScanQuery } from './scan.ts';
import type { Aggregate, QUANTILES, SeriesQuery, Store } from './store.ts';

/** What the suite needs of an adapter: the same data behind every store that `create` makes within a test. */
export interface StoreFixture {
  create(context: ServiceContext): Store;
  /** Makes the data unreachable until the returned function is called. */
  cutOff(): Promise<() => Promise<void>>;
  cleanUp(): Promise<void>;
}

const T0 = Date.UTC(2026, 5, 1, 6);
const GOOD = packStatus('good', 'synced');
const SOIL = { measurement: 'soil', field: 'moisture', unit: '%', site: 'farm', gateway: 'pump-house' };
const NORTH = seriesKey({ ...SOIL, device: 'soil-north', zone: 'north' });
const SOUTH = seriesKey({ ...SOIL, device: 'soil-south', zone: 'south' });
const ORPHAN = seriesKey({ ...SOIL, device: 'soil-spare' });

/** A status left out is good and synced. */
export type Row = [key: SeriesKey, timeMs: number, value: number | string, status?: number];

/** What every store must do. Call it inside a `describe`. */
export function storeContract(openFixture: () => Promise<StoreFixture>): void {
  let fixture: StoreFixture;
  let store: Store;
  const opened: Store[] = [];

  const open = async (): Promise<Store> => {
    const made = fixture.create(serviceContext({ clock: new FakeClock(T0 + 3_600_000) }));
    opened.push(made);
    await made.start(new AbortController().signal);
    return made;
  };
  const reopen = async () => {
    await store.stop();
    store = await open();
  };
  const raw = (key: SeriesKey, over: Partial<SeriesQuery> = {}) =>
    store.query({
      measurement: key.measurement,
      field: key.field,
      fromMs: T0 - 86_400_000,
      toMs: T0 + 86_400_000,
      maxPoints: 100_000,
      ...over,
    });
  const points = async (key: SeriesKey, over: Partial<SeriesQuery> = {}) => {
    const [only, ...others] = await raw(key, { where: { device: [key.device] }, ...over });
    expect(others).toEqual([]);
    return only ? only.timeMs.map((timeMs, row) => [timeMs - T0, only.value[row]]) : [];
  };

  beforeEach(async () => {
    fixture = await openFixture();
    store = await open();
  });
  afterEach(async () => {
    for (const made of opened.splice(0)) await made.stop();
    await fixture.cleanUp();
  });

  it('gives back times, values, statuses and tags as they were written', async () => {
    const values = [0, -0, 21.5, 1 / 3, -1e-300, 5e-324, Number.MAX_VALUE, 2 ** 53 + 2, -42];
    const statuses = values.map((_, row) =>
      packStatus(row % 3 === 1 ? 'bad' : 'good', row % 2 ? 'repaired' : 'synced'),
    );
    const rows = values.map((value, row): Row => [NORTH, T0 + row, value, statuses[row]!]);
    expect(await write(store, rows)).toEqual({ stored: values.length, rejected: [] });

    const [found, ...others] = await raw(NORTH);
    expect(others).toEqual([]);
    expect(found).toMatchObject({ measurement: 'soil', field: 'moisture' });
    expect(found!.tags).toEqual({ site: 'farm', gateway: 'pump-house', device: 'soil-north', zone: 'north' });
    expect(found!.timeMs).toEqual(values.map((_, row) => T0 + row));
    expect(found!.value.map((value, row) => Object.is(value, values[row]))).toEqual(values.map(() => true));
    expect(found!.status).toEqual(statuses);
  });

  it('keeps texts, whatever is in them, beside numbers of the same series', async () => {
    const texts = [
      '',
      'open',
      '阀门已打开',
      'a "b" \\ c, d=e',
      'two\nlines',
      'ends with \\',
      '{"json": [1]}',
      "it's",
    ];
    await write(store, [
      ...texts.map((text, row): Row => [NORTH, T0 + row, text, packStatus('uncertain', 'unsynced')]),
      [NORTH, T0 + texts.length, 7],
    ]);
    const [found] = await raw(NORTH);
    expect(found!.value).toEqual([...texts, 7]);
    expect(found!.status).toEqual([...texts.map(() => packStatus('uncertain', 'unsynced')), GOOD]);
  });

  it('replaces a reading at the same time with all that belongs to it, and ignores repeats', async () => {
    await write(store, [
      [NORTH, T0, 1, packStatus('bad', 'unsynced')],
      [NORTH, T0 + 1, 'text'],
      [NORTH, T0 + 2, 3],
    ]);
    await write(store, [
      [NORTH, T0, 10],
      [NORTH, T0 + 1, 20],
      [NORTH, T0 + 2, 'thirty'],
    ]);
    await write(store, [[NORTH, T0, 10]]);
    const [found] = await raw(NORTH);
    expect(found!.value).toEqual([10, 20, 'thirty']);
    expect(found!.status).toEqual([GOOD, GOOD, GOOD]);
  });

  it('replaces what was written before a restart', async () => {
    const bad = packStatus('bad', 'unsynced');
    await write(store, [
      [NORTH, T0, 1, bad],
      [NORTH, T0 + 1, 'text'],
      [NORTH, T0 + 2, 3, bad],
    ]);
    await reopen();
    await write(store, [
      [NORTH, T0, 10],
      [NORTH, T0 + 1, 20],
    ]);
    await reopen();
    const [found] = await raw(NORTH);
    expect(found!.value).toEqual([10, 20, 3]);
    expect(found!.status).toEqual([GOOD, GOOD, bad]);
  });

  it('lets the later row of one batch win', async () => {
    await write(store, [
      [NORTH, T0, 1, packStatus('bad', 'synced')],
      [NORTH, T0, 2],
    ]);
    expect(await points(NORTH)).toEqual([[0, 2]]);
  });

  it('puts late and unordered readings where they belong', async () => {
    await write(store, [
      [NORTH, T0 + 50, 5],
      [NORTH, T0 + 10, 1],
      [NORTH, T0 + 30, 3],
    ]);
    await write(store, [
      [NORTH, T0 + 40, 4],
      [NORTH, T0 + 20, 2],
    ]);
    expect(await points(NORTH)).toEqual([
      [10, 1],
      [20, 2],
      [30, 3],
      [40, 4],
      [50, 5],
    ]);
  });

  it('takes the start of a range and not its end', async () => {
    await write(
      store,
      [0, 1, 2, 3].map((step): Row => [NORTH, T0 + step, step]),
    );
    expect(await points(NORTH, { fromMs: T0 + 1, toMs: T0 + 3 })).toEqual([
      [1, 1],
      [2, 2],
    ]);
    expect(await raw(NORTH, { fromMs: T0 + 3, toMs: T0 + 3 })).toEqual([]);
  });

  it('keeps times before 1970 and far ahead', async () => {
    const far = [-5_000_000_000_000, -1, 0, 5_000_000_000_000];
    await write(
      store,
      far.map((timeMs, row): Row => [NORTH, timeMs, row]),
    );
    const [found] = await raw(NORTH, { fromMs: -6_000_000_000_000, toMs: 6_000_000_000_000 });
    expect(found!.timeMs).toEqual(far);
  });

  it('folds windows that start at multiples of their length', async () => {
    const every = 300_000;
    // T0 is a multiple of five minutes; the third window is empty.
    await write(store, [
      [NORTH, T0 + 1_000, 4],
      [NORTH, T0 + 2_000, 8],
      [NORTH, T0 + 299_999, 3],
      [NORTH, T0 + every, -1],
      [NORTH, T0 + 3 * every, 6],
    ]);
    const expected: Record<Exclude<Aggregate, keyof typeof QUANTILES>, number[]> = {
      mean: [5, -1, 6],
      min: [3, -1, 6],
      max: [8, -1, 6],
      sum: [15, -1, 6],
      count: [3, 1, 1],
      first: [4, -1, 6],
      last: [3, -1, 6],
    };
    for (const fn of Object.keys(expected) as (keyof typeof expected)[]) {
      const [found] = await raw(NORTH, { window: { everyMs: every, fn }, fromMs: T0 + 500 });
      expect(found!.timeMs, fn).toEqual([T0, T0 + every, T0 + 3 * every]);
      expect(found!.value, fn).toEqual(expected[fn]);
      expect(found!.status, fn).toBeUndefined();
    }
  });

  it('answers percentiles of a window by nearest rank, within one per cent', async () => {
    await write(
      store,
      Array.from({ length: 1_000 }, (_, row): Row => [NORTH, T0 + row * 10, 1_000 - row]),
    );
    await write(store, [[NORTH, T0 + 10_001, 'no number']]);
    const expected = { p50: 500, p95: 950, p99: 990, 'p99.9': 999 };
    for (const [fn, exact] of Object.entries(expected)) {
      const [found] = await points(NORTH, { window: { everyMs: 60_000, fn: fn as Aggregate } });
      expect(found![0]).toBe(0);
      expect(Math.abs((found![1] as number) / exact - 1), fn).toBeLessThanOrEqual(0.010_001);
    }
  });

  it('lets a window hold only what is in the range', async () => {
    await write(
      store,
      [0, 100, 200].map((step): Row => [NORTH, T0 + step, 1]),
    );
    const window = { everyMs: 1_000, fn: 'count' } as const;
    expect(await points(NORTH, { window, fromMs: T0 + 100, toMs: T0 + 200 })).toEqual([[0, 1]]);
  });

  it('lets texts take part in count, first and last only', async () => {
    await write(store, [
      [NORTH, T0, 'shut'],
      [NORTH, T0 + 1, 5],
      [NORTH, T0 + 2, 'open'],
      [NORTH, T0 + 1_000, 'odd'],
    ]);
    const folded = (fn: Aggregate) => points(NORTH, { window: { everyMs: 1_000, fn } });
    expect(await folded('count')).toEqual([
      [0, 3],
      [1_000, 1],
    ]);
    expect(await folded('first')).toEqual([
      [0, 'shut'],
      [1_000, 'odd'],
    ]);
    expect(await folded('last')).toEqual([
      [0, 'open'],
      [1_000, 'odd'],
    ]);
    expect(await folded('mean')).toEqual([[0, 5]]);
    expect(await folded('sum')).toEqual([[0, 5]]);
    expect(await folded('max')).toEqual([[0, 5]]);
  });

  it('merges the series that agree in the tags of groupBy', async () => {
    const south2 = { ...SOUTH, device: 'soil-south-2' };
    await write(store, [
      [SOUTH, T0 + 2, 2],
      [south2, T0 + 1, 1],
      [south2, T0 + 2, 20],
      [NORTH, T0 + 3, 3],
      [ORPHAN, T0, 9],
    ]);
    const grouped = await raw(NORTH, { groupBy: ['zone'] });
    expect(grouped.map(({ tags, timeMs }) => [tags, timeMs.map((ms) => ms - T0)])).toEqual([
      [{}, [0]],
      [{ zone: 'north' }, [3]],
      [{ zone: 'south' }, [1, 2, 2]],
    ]);
    expect(grouped[2]!.value.toSorted()).toEqual([1, 2, 20]);

    const window = { everyMs: 1_000, fn: 'sum' } as const;
    const all = await raw(NORTH, { groupBy: [], window });
    expect(all.map(({ tags, value }) => [tags, value])).toEqual([[{}, [35]]]);
  });

  it('filters by several values of a tag, and by tags that are not set', async () => {
    await write(store, [
      [NORTH, T0, 1],
      [SOUTH, T0, 2],
      [ORPHAN, T0, 3],
    ]);
    const devices = async (where: SeriesQuery['where']) =>
      (await raw(NORTH, where ? { where } : {})).map(({ tags }) => tags.device);
    expect(await devices({ zone: ['north', 'south', 'west'] })).toEqual(['soil-north', 'soil-south']);
    expect(await devices({ zone: [''] })).toEqual(['soil-spare']);
    expect(await devices({ zone: ['', 'south'] })).toEqual(['soil-south', 'soil-spare']);
    expect(await devices({ zone: ['south'], device: ['soil-north'] })).toEqual([]);
    expect(await devices({ zone: [] })).toEqual([]);
    expect(await devices(undefined)).toHaveLength(3);
  });

  it('shows only what somebody sees: series of a link by the link, others by their site', async () => {
    const farm = { ...NORTH, site: 'scope-farm', device: 'one' };
    const other = { ...NORTH, site: 'scope-other', device: 'two' };
    const ofLink = { ...NORTH, site: 'scope-other', device: 'three', link: 'a_b' };
    await write(store, [
      [farm, T0, 1],
      [other, T0, 2],
      [ofLink, T0, 3],
    ]);
    const where = { site: ['scope-farm', 'scope-other'] };
    const seen = async (scope: Scope) => {
      const found = (await raw(NORTH, { where, scope })).map(({ tags }) => tags.device);
      const { measurement, field } = NORTH;
      const listed = (await store.series({ measurement, field, where, scope })).map(({ device }) => device);
      const last = (await store.last({ measurement, field, where, scope })).map(
        ({ series }) => series.device,
      );
      expect([listed.toSorted(), last.toSorted()]).toEqual([found.toSorted(), found.toSorted()]);
      const window = { everyMs: 1_000, fn: 'sum' } as const;
      const [all] = await raw(NORTH, { where, scope, groupBy: [], window });
      return [found.toSorted(), all?.value[0]];
    };
    expect(await seen({ sites: 'all', links: 'all' })).toEqual([['one', 'three', 'two'], 6]);
    expect(await seen({ sites: ['scope-farm'], links: [] })).toEqual([['one'], 1]);
    expect(await seen({ sites: ['scope-farm'], links: 'all' })).toEqual([['one', 'three'], 4]);
    expect(await seen({ sites: [], links: ['a_b'] })).toEqual([['three'], 3]);
    expect(await seen({ sites: 'all', links: [] })).toEqual([['one', 'two'], 3]);
    expect(await seen({ sites: 'all', links: ['x'] })).toEqual([['one', 'two'], 3]);
    expect(await seen({ sites: [], links: [] })).toEqual([[], undefined]);
  });

  it('answers nothing for a measurement or field that it has never seen', async () => {
    await write(store, [[NORTH, T0, 1]]);
    expect(await raw({ ...NORTH, measurement: 'weather' })).toEqual([]);
    expect(await raw({ ...NORTH, field: 'ec' })).toEqual([]);
    expect(await raw({ ...NORTH, field: 'ec' }, { window: { everyMs: 1_000, fn: 'mean' } })).toEqual([]);
  });

  it('refuses a query rather than cut its answer short', async () => {
    await write(
      store,
      Array.from({ length: 20 }, (_, step): Row => [step % 2 ? NORTH : SOUTH, T0 + step * 1_000, step]),
    );
    expect(await raw(NORTH, { maxPoints: 20 })).toHaveLength(2);
    const tooLarge = expect.objectContaining({ code: 'QUERY_TOO_LARGE' });
    await expect(raw(NORTH, { maxPoints: 19 })).rejects.toEqual(tooLarge);
    const window = { everyMs: 1_000, fn: 'mean' } as const;
    expect(await raw(NORTH, { maxPoints: 20, window })).toHaveLength(2);
    await expect(raw(NORTH, { maxPoints: 19, window })).rejects.toEqual(tooLarge);
    expect(await raw(NORTH, { maxPoints: 2, window: { everyMs: 86_400_000, fn: 'mean' } })).toHaveLength(2);
  });

  const scanned = async (query: Partial<ScanQuery> = {}) => {
    const found: unknown[] = [];
    for await (const batch of store.scan({ fromMs: T0 - 86_400_000, toMs: T0 + 86_400_000, ...query })) {
      const { series, timeMs, value, status, texts } = batch;
      expect(timeMs.length).toBeGreaterThan(0);
      expect(timeMs.length).toBeLessThanOrEqual(SCAN_ROWS);
      timeMs.forEach((ms, row) => {
        found.push([series.field, series.device, ms - T0, texts?.get(row) ?? value[row], status[row]]);
      });
    }
    return found;
  };

  it('scans every reading of every series that matches, series by series', async () => {
    const bad = packStatus('bad', 'repaired');
    const ec = { ...NORTH, field: 'ec', unit: 'µS/cm' };
    const air = { ...NORTH, measurement: 'weather', field: 'air_temperature', unit: '°C' };
    await write(store, [
      [SOUTH, T0 + 2, 'open, "wide"\n阀门'],
      [NORTH, T0 + 5, 5, bad],
      [ec, T0 + 1, 800],
      [NORTH, T0 + 1, 1.5],
      [air, T0, 20],
      [SOUTH, T0 + 1, 7],
      [NORTH, T0 + 86_400_000, 99],
    ]);
    const soil = [
      ['ec', 'soil-north', 1, 800, GOOD],
      ['moisture', 'soil-north', 1, 1.5, GOOD],
      ['moisture', 'soil-north', 5, 5, bad],
      ['moisture', 'soil-south', 1, 7, GOOD],
      ['moisture', 'soil-south', 2, 'open, "wide"\n阀门', GOOD],
    ];
    expect(await scanned()).toEqual([...soil, ['air_temperature', 'soil-north', 0, 20, GOOD]]);
    expect(await scanned({ measurement: 'soil' })).toEqual(soil);
    expect(await scanned({ field: 'ec' })).toEqual(soil.slice(0, 1));
    expect(await scanned({ field: 'moisture', where: { zone: ['south'] } })).toEqual(soil.slice(3));
    expect(await scanned({ fromMs: T0 + 2, toMs: T0 + 5 })).toEqual(soil.slice(4));
    expect(await scanned({ where: { zone: [] } })).toEqual([]);
    expect(await scanned({ measurement: 'nothing' })).toEqual([]);
    for await (const { series } of store.scan({ fromMs: T0, toMs: T0 + 10, field: 'ec' })) {
      expect(series).toMatchObject(ec);
    }
  });

  it('scans more readings than one batch holds, with writes between, and no reading twice', async () => {
    const many = 3 * SCAN_ROWS + 100;
    await write(
      store,
      Array.from({ length: many }, (_, step): Row => [NORTH, T0 + 2 * step, step]),
    );
    await write(store, [[SOUTH, T0, 'last']]);
    const times: number[] = [];
    for await (const { series, timeMs } of store.scan({ fromMs: T0, toMs: T0 + 86_400_000 })) {
      if (series.device === NORTH.device) times.push(...timeMs);
      // Before what is scanned by now, and among what is still to come.
      await write(store, [
        [NORTH, T0 + 1, 0.5],
        [NORTH, T0 + 2 * (many - 1), 'late'],
      ]);
    }
    const even = times.filter((timeMs) => timeMs % 2 === 0);
    expect(even).toEqual(Array.from({ length: many }, (_, step) => T0 + 2 * step));
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  it('lets a scan be left in the middle, and be slow, while it answers and stores', async () => {
    await write(
      store,
      Array.from({ length: 5 * SCAN_ROWS }, (_, step): Row => [NORTH, T0 + step, step]),
    );
    const slow = store.scan({ fromMs: T0, toMs: T0 + 86_400_000 })[Symbol.asyncIterator]();
    expect((await slow.next()).value.timeMs[0]).toBe(T0);
    for await (const batch of store.scan({ fromMs: T0, toMs: T0 + 86_400_000 })) {
      expect(batch.timeMs[0]).toBe(T0);
      break;
    }
    await write(store, [[SOUTH, T0, 1]]);
    expect(await points(SOUTH)).toEqual([[0, 1]]);
    expect((await slow.next()).value.timeMs[0]).toBe(T0 + SCAN_ROWS);
    await slow.return?.();
  });

  it('says so when a scan cannot go on', async () => {
    await store.stop();
    await expect(scanned()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('knows the newest reading of every series, and a late one does not displace it', async () => {
    await write(store, [
      [NORTH, T0 + 10, 1],
      [SOUTH, T0 + 5, 'open', packStatus('bad', 'repaired')],
    ]);
    await write(store, [
      [NORTH, T0 + 9, 99],
      [ORPHAN, T0 + 1, 3],
    ]);
    const look = async () => {
      const found = await store.last({ measurement: 'soil' });
      return found
        .map(({ series, timeMs, value, status }) => [series.device, timeMs - T0, value, status])
        .toSorted();
    };
    const expected = [
      ['soil-north', 10, 1, GOOD],
      ['soil-south', 5, 'open', packStatus('bad', 'repaired')],
      ['soil-spare', 1, 3, GOOD],
    ];
    expect(await look()).toEqual(expected);
    await reopen();
    expect(await look()).toEqual(expected);

    await write(store, [
      [NORTH, T0 + 10, 2],
      [SOUTH, T0 + 6, 0],
    ]);
    expect(await look()).toEqual([['soil-north', 10, 2, GOOD], ['soil-south', 6, 0, GOOD], expected[2]]);
    expect(await store.last({ field: 'ec' })).toEqual([]);
    expect(await store.last({ where: { zone: ['south'] } })).toHaveLength(1);
  });

  it('lists its series with their units', async () => {
    const foreign = seriesKey({
      measurement: 'foreign',
      field: 'Tank/Level',
      unit: 'mm',
      site: 'farm',
      gateway: 'x',
    });
    const look = async () => {
      const found = await store.series({});
      return found.map(({ id: _id, ...key }) => key).toSorted((a, b) => (a.field < b.field ? -1 : 1));
    };
    await write(store, [
      [NORTH, T0, 1],
      [foreign, T0, 2],
      [NORTH, T0 + 1, 3],
    ]);
    expect(await look()).toEqual([foreign, NORTH]);
    expect(await store.series({ measurement: 'foreign' })).toHaveLength(1);
    await reopen();
    expect(await look()).toEqual([foreign, NORTH]);
  });

  it('keeps apart series that differ in one tag, whatever table their batch is over', async () => {
    const link = seriesKey({
      measurement: 'link',
      field: 'loss',
      unit: 'ratio',
      site: 'pop',
      gateway: 'agent',
    });
    const keys = [link, { ...link, link: 'a-b' }, { ...link, class: 'intra' }, { ...link, point: 'p1' }];
    // Every batch has a table of its own, in which each series has the number 0.
    for (const [row, key] of keys.entries()) await write(store, [[key, T0, row]]);
    const found = await raw(link);
    expect(found.map(({ value }) => value[0]).toSorted()).toEqual([0, 1, 2, 3]);
  });

  it('keeps fields under names that are special to databases', async () => {
    const names = [
      'Tank Level',
      'a,b',
      'a=b',
      '"quoted"',
      "it's",
      'back\\slash',
      'ends\\',
      '\\,=" ',
      '土壤 湿度',
      'time',
      'device',
      'x_status',
      'x_text',
      '100%',
      '%41',
      'a.b/c',
      '#x',
      '; DROP MEASUREMENT soil',
      '🌱',
      '*',
      '/x/',
      'select',
    ];
    const keys = names.map((field) =>
      seriesKey({ ...SOIL, measurement: 'foreign', device: 'd1', unit: '', field }),
    );
    expect(
      await write(
        store,
        keys.map((key, row): Row => [key, T0, row, row % 2]),
      ),
    ).toEqual({ stored: names.length, rejected: [] });
    await reopen();
    for (const [row, key] of keys.entries()) {
      const [found] = await raw(key);
      expect([names[row], found?.value, found?.status]).toEqual([names[row], [row], [row % 2]]);
      const [folded] = await raw(key, { window: { everyMs: 1_000, fn: 'max' } });
      expect([names[row], folded?.value]).toEqual([names[row], [row]]);
    }
    const listed = (await store.series({ measurement: 'foreign' })).map(({ field }) => field);
    expect(listed.toSorted()).toEqual(names.toSorted());
    const measurement = 'odd, name="x" \\ 测量';
    await write(store, [[{ ...NORTH, measurement }, T0, 5]]);
    expect((await raw({ ...NORTH, measurement }))[0]?.value).toEqual([5]);
  });

  it('refuses what no store can keep, and stores the rest of the batch', async () => {
    const result = await write(store, [
      [NORTH, T0, Number.NaN],
      [NORTH, T0 + 1, 1],
      [SOUTH, T0 + 1, Number.POSITIVE_INFINITY],
      [SOUTH, T0 + 0.5, 2],
      [SOUTH, 9.3e15, 2],
      [SOUTH, T0 + 2, 'kept'],
    ]);
    expect(result.stored).toBe(2);
    expect(result.rejected.map(({ row, error }) => [row, error.code, error.retryable])).toEqual([
      [0, 'VALUE_NOT_A_NUMBER', false],
      [2, 'VALUE_NOT_A_NUMBER', false],
      [3, 'STORE_REFUSED', false],
      [4, 'STORE_REFUSED', false],
    ]);
    expect(await points(NORTH)).toEqual([[1, 1]]);
    expect(await points(SOUTH)).toEqual([[2, 'kept']]);
  });

  it('takes an empty batch', async () => {
    expect(await write(store, [])).toEqual({ stored: 0, rejected: [] });
  });

  it('leaves the batch as it was', async () => {
    const batch = batchOf([
      [NORTH, T0, 1],
      [SOUTH, T0, 'x'],
    ]);
    const before: Reading[] = [...batch.readings()];
    await store.write(batch);
    expect([...batch.readings()]).toEqual(before);
  });

  it('stores a big batch of many series', async () => {
    const keys = Array.from({ length: 100 }, (_, index) => ({ ...NORTH, device: `d${index}` }));
    const batch = batchOf(
      Array.from(
        { length: 20_000 },
        (_, row): Row => [keys[row % 100]!, T0 + Math.floor(row / 100) * 1_000, row / 8],
      ),
    );
    expect(await store.write(batch)).toEqual({ stored: 20_000, rejected: [] });
    const found = await raw(NORTH);
    expect(found).toHaveLength(100);
    const sum = found.flatMap(({ value }) => value as number[]).reduce((total, value) => total + value, 0);
    expect(sum).toBe((20_000 * 19_999) / 2 / 8);
  });

  it('keeps what it has across stop and start', async () => {
    await write(store, [
      [NORTH, T0, 1.25, packStatus('uncertain', 'synced')],
      [NORTH, T0 + 1, 'open'],
    ]);
    await reopen();
    await write(store, [
      [NORTH, T0 + 2, 3],
      [SOUTH, T0 + 2, 4],
    ]);
    await reopen();
    expect(await points(NORTH)).toEqual([
      [0, 1.25],
      [1, 'open'],
      [2, 3],
    ]);
    expect(await points(SOUTH)).toEqual([[2, 4]]);
  });

  it('answers queries while writes are under way, each write whole or not yet there', async () => {
    const isDone = { value: false };
    const writing = (async () => {
      for (let step = 0; step < 100; step++) {
        const rows = Array.from({ length: 50 }, (_, row): Row => [NORTH, T0 + step * 50 + row, step]);
        await write(store, rows);
      }
      isDone.value = true;
    })();
    let seen = 0;
    while (!isDone.value) {
      const count = (await points(NORTH)).length;
      expect(count % 50).toBe(0);
      expect(count).toBeGreaterThanOrEqual(seen);
      seen = count;
    }
    await writing;
    expect(await points(NORTH)).toHaveLength(5_000);
  });

  it('takes many writes at once', async () => {
    const writes = Array.from({ length: 40 }, (_, step) =>
      write(store, [
        [NORTH, T0 + step, step],
        [SOUTH, T0 + step, step],
      ]),
    );
    expect((await Promise.all(writes)).every(({ stored }) => stored === 2)).toBe(true);
    expect(await points(NORTH)).toHaveLength(40);
  });

  it('says that it cannot be reached, loses nothing, and goes on by itself', async () => {
    await write(store, [[NORTH, T0, 1]]);
    const restore = await fixture.cutOff();
    const unavailable = expect.objectContaining({ code: 'STORE_UNAVAILABLE', retryable: true });
    await expect(write(store, [[NORTH, T0 + 1, 2]])).rejects.toEqual(unavailable);
    expect((await store.last({})).map(({ value }) => value)).toEqual([1]);
    await restore();
    await eventually(() => write(store, [[NORTH, T0 + 1, 2]]));
    expect(await points(NORTH)).toEqual([
      [0, 1],
      [1, 2],
    ]);
  });

  it('can be stopped twice, and says so when it is used afterwards', async () => {
    await store.stop();
    await store.stop();
    await expect(write(store, [[NORTH, T0, 1]])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
  });

  it('finishes the writes in flight when it is stopped', async () => {
    const writes = [1, 2, 3].map((step) => write(store, [[NORTH, T0 + step, step]]));
    await store.stop();
    const done = await Promise.allSettled(writes);
    store = await open();
    expect(done.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled']);
    expect(await points(NORTH)).toHaveLength(3);
  });
}

export function batchOf(rows: readonly Row[]): ReadingBatch {
  const batch = new ReadingBatch(new SeriesTable(), Math.max(1, rows.length));
  for (const [key, timeMs, value, status = GOOD] of rows) {
    batch.push(batch.table.intern(key).id, timeMs, value, status);
  }
  return batch;
}

function write(store: Store, rows: readonly Row[]) {
  return store.write(batchOf(rows));
}
