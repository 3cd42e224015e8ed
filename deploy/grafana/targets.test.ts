import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dashboard, Panel, VariableModel } from '@grafana/schema';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findQuantity } from '../../core/quantities.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { Influxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import type { InfluxTarget } from '../../dashboards/grafana/source/target.ts';
import { builderQuery, type Choices, interpolated, type Window } from './builder-query.ts';
import { fillStore, LINKS } from './filled.ts';
import { type Frame, rowsOf, seriesFrames, type TableRow, tableRows } from './frames.ts';
import { DATABASE, openStore } from './opened.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const DAY_MS = 86_400_000;
const boards = join(import.meta.dirname, '../../dashboards/grafana/dashboards/en');
const BOARDS = readdirSync(boards).map(
  (name) => JSON.parse(readFileSync(join(boards, name), 'utf8')) as Dashboard,
);
const panelsOf = (board: Dashboard) => board.panels as Panel[];

/** As Grafana sets every variable when a dashboard is opened for the first time. */
function firstChoices(board: Dashboard, values: ReadonlyMap<string, readonly string[]>): Choices {
  const chosen = board.templating!.list!.flatMap((one): [string, Choices[string]][] => {
    if (one.type === 'query')
      return [[one.name, one.includeAll ? { all: one.allValue! } : values.get(one.name)![0]!]];
    if (one.type === 'custom') return [[one.name, String(one.current!.value)]];
    return [];
  });
  return Object.fromEntries(chosen);
}

/** The time of the dashboard or of the panel; `now/d` in Chongqing. */
function windowOf(board: Dashboard, { timeFrom }: Panel): Window {
  const last = timeFrom ?? board.time!.from!.replace('now-', '');
  const [, count, unit] = /^(\d+)([hd])$/.exec(last) ?? [];
  const midnightMs = Math.floor((NOW_MS + 8 * 3_600_000) / DAY_MS) * DAY_MS - 8 * 3_600_000;
  const fromMs = last === 'now/d' ? midnightMs : NOW_MS - Number(count) * (unit === 'd' ? DAY_MS : 3_600_000);
  return { fromMs, toMs: NOW_MS, interval: '10m' };
}

describeWith('influxd')('what dashboards ask, of a real InfluxDB', () => {
  let influxd: Influxd;
  let close: () => Promise<void>;
  const values = new Map<string, ReadonlyMap<string, readonly string[]>>();

  beforeAll(async () => {
    const opened = await openStore(new FakeClock(NOW_MS));
    ({ influxd, close } = opened);
    await fillStore(opened.store, NOW_MS);
    for (const board of BOARDS) values.set(board.uid!, await variableValues(board));
  });
  afterAll(() => close());

  /** Values of each variable, all being chosen in those before it. */
  async function variableValues(board: Dashboard): Promise<ReadonlyMap<string, readonly string[]>> {
    const found = new Map<string, readonly string[]>();
    for (const { name, type, query } of board.templating!.list as VariableModel[]) {
      if (type !== 'query') continue;
      const all = Object.fromEntries([...found.keys()].map((one) => [one, { all: '.*' }]));
      const rows = await rowsOf(influxd, DATABASE, interpolated(String(query), all));
      found.set(name, [...new Set(rows.flatMap((row) => row.values.map((pair) => String(pair[1]))))].sort());
    }
    return found;
  }

  async function ask(board: Dashboard, panel: Panel, target: InfluxTarget, choices?: Choices) {
    const chosen = choices ?? firstChoices(board, values.get(board.uid!)!);
    const statement = builderQuery(target, chosen, windowOf(board, panel));
    const rows = await rowsOf(influxd, DATABASE, statement);
    return { statement, frames: seriesFrames(rows, target), table: tableRows(rows) };
  }

  it('variables find the sites, zones, gateways and links that there are', () => {
    const of = (uid: string) => Object.fromEntries(values.get(uid)!);
    expect(of('sluice-farm')).toEqual({ site: ['demo-farm'] });
    expect(of('sluice-zone')).toEqual({ site: ['demo-farm'], zone: ['north', 'south'] });
    expect(of('sluice-gateways')).toEqual({
      site: ['backbone', 'demo-farm'],
      gateway: ['cq1', 'cq2', 'nb-field', 'pump-house', 'sh1'],
    });
    expect(of('sluice-backbone')).toEqual({ class: ['inter', 'intra'] });
    expect(of('sluice-link')).toEqual({ link: LINKS.map(({ id }) => id).sort() });
  });

  const all = BOARDS.flatMap((board) =>
    panelsOf(board).flatMap((panel) =>
      ((panel.targets ?? []) as unknown as InfluxTarget[]).map((target) => ({
        name: `${board.uid} ${panel.id}${target.refId}: ${panel.title}`,
        ...{ board, panel, target },
      })),
    ),
  );

  it.each(all)('$name', async ({ board, panel, target }) => {
    const { frames, table, statement } = await ask(board, panel, target);
    if (target.resultFormat === 'table') checkTable(panel, target, table, statement);
    else checkSeries(panel, target, frames, statement);
  });

  it('a variable limits what is shown, also where several are chosen', async () => {
    const zone = BOARDS.find(({ uid }) => uid === 'sluice-zone')!;
    const panel = panelsOf(zone)[0]!;
    const target = panel.targets![0] as unknown as InfluxTarget;
    const zones = async (chosen: Choices[string]) => {
      const { frames } = await ask(zone, panel, target, { site: { all: '.*' }, zone: chosen });
      return [...new Set(frames.map(({ labels }) => labels.zone))].sort();
    };
    expect(await zones({ all: '.*' })).toEqual(['north', 'south']);
    expect(await zones(['north', 'south'])).toEqual(['north', 'south']);
    expect(await zones(['south'])).toEqual(['south']);
    // A pattern is what is written in it, and no more.
    expect(await zones(['.*th'])).toEqual([]);
  });

  it('water of a day is what the counter has grown by', async () => {
    const zone = BOARDS.find(({ uid }) => uid === 'sluice-zone')!;
    const panel = panelsOf(zone).find(({ id }) => id === 5)!;
    const { frames } = await ask(zone, panel, panel.targets![0] as unknown as InfluxTarget);
    const whole = frames[0]!.points.slice(1, -1);
    expect(whole.length).toBeGreaterThan(0);
    for (const [timeMs, value] of whole) {
      expect(value).toBeCloseTo(1.5, 1);
      // Days begin at midnight in the zone that is chosen, Shanghai at first.
      expect((timeMs + 8 * 3_600_000) % DAY_MS).toBe(0);
    }
  });

  it('the matrix has a cell for every pair of points', async () => {
    const matrix = BOARDS.find(({ uid }) => uid === 'sluice-backbone')!;
    const panel = panelsOf(matrix)[0]!;
    const { table } = await ask(matrix, panel, panel.targets![0] as unknown as InfluxTarget);
    const pairs = table.map(({ device, point }) => `${device}_${point}`);
    expect(pairs.sort()).toEqual(LINKS.map(({ id }) => id).sort());
  });

  it('says nothing that 2.x or 3.x would not take', async () => {
    for (const { board, panel, target } of all) {
      const statement = builderQuery(
        target,
        firstChoices(board, values.get(board.uid!)!),
        windowOf(board, panel),
      );
      expect(statement).not.toMatch(/CARDINALITY|INTO|\(\s*SELECT|SHOW|FROM\s*\/|"\."/i);
      // Where several columns come at once, each of them has its own aggregate: a bare field beside one is refused.
      for (const parts of target.select) expect(parts.length).toBeGreaterThan(1);
    }
    for (const board of BOARDS)
      for (const { type, query } of board.templating!.list!) {
        if (type === 'query')
          expect(query).toMatch(
            /^SHOW TAG VALUES FROM "\w+" WITH KEY = "\w+"( WHERE "\w+" =~ \/\^\$\w+\$\/)?$/,
          );
      }
  });
});

function checkSeries(panel: Panel, target: InfluxTarget, frames: readonly Frame[], statement: string): void {
  expect(frames.length, statement).toBeGreaterThan(0);
  const tags = target.groupBy.filter(({ type }) => type === 'tag').map(({ params }) => params[0]!);
  const inName = [...(target.alias ?? '').matchAll(/\$tag_(\w+)/g)].map(([, tag]) => tag!);
  // Else it would be empty in every name, and a line would be several.
  expect(
    inName.filter((tag) => !tags.includes(tag)),
    statement,
  ).toEqual([]);
  const names = frames.map(({ name }) => name);
  // Lines that nobody could tell apart.
  expect(new Set(names).size, names.join()).toBe(names.length);
  const isGrown = target.select[0]!.some(({ type }) => type.startsWith('non_negative'));
  const quantity = findQuantity(target.measurement, target.select[0]![0]!.params[0]!);
  for (const { name, labels, points } of frames) {
    expect(Object.keys(labels).sort(), statement).toEqual([...tags].sort());
    expect(name, statement).toMatch(/\p{L}/u);
    expect(name).not.toContain('$');
    const shown = points.map(([, value]) => value).filter((value) => value !== null);
    expect(shown.length, statement).toBeGreaterThan(0);
    const isSummed = target.select[0]![1]!.type === 'sum' || isGrown || !quantity;
    for (const value of shown) {
      if (isSummed) expect(value).toBeGreaterThanOrEqual(0);
      else expect(value >= quantity.min && value <= quantity.max, `${value} ${statement}`).toBe(true);
      const words = panel.fieldConfig!.defaults.mappings?.[0];
      if (words?.type === 'value') expect(words.options).toHaveProperty(String(value));
    }
  }
}

/** What `organize` and `groupingToMatrix` name of a table. */
type Names = Readonly<Record<'rowField' | 'columnField' | 'valueField', string>> & {
  readonly renameByName: Readonly<Record<string, string>>;
};

function checkTable(panel: Panel, target: InfluxTarget, rows: readonly TableRow[], statement: string): void {
  expect(rows.length, statement).toBeGreaterThan(0);
  for (const { id, options } of (panel.transformations ?? []) as { id: string; options: Names }[]) {
    const named =
      id === 'organize'
        ? Object.keys(options.renameByName)
        : [options.rowField, options.columnField, options.valueField];
    for (const row of rows) expect(Object.keys(row), statement).toEqual(expect.arrayContaining(named));
  }
  // Columns that are in no row at all would stand empty.
  for (const parts of target.select) {
    const name = parts.find(({ type }) => type === 'alias')!.params[0]!;
    expect(
      rows.some((row) => typeof row[name] === 'number'),
      `${name}: ${statement}`,
    ).toBe(true);
  }
}

it('asks in the words of Grafana', () => {
  const target: InfluxTarget = {
    refId: 'A',
    measurement: 'soil',
    resultFormat: 'time_series',
    policy: 'default',
    rawQuery: false,
    orderByTime: 'ASC',
    datasource: { type: 'influxdb', uid: '' },
    select: [
      [
        { type: 'field', params: ['moisture'] },
        { type: 'mean', params: [] },
        { type: 'math', params: ['* 2'] },
        { type: 'alias', params: ['m'] },
      ],
    ],
    tags: [
      { key: 'site', operator: '=~', value: '/^$site$/' },
      { key: 'device', operator: '!=', value: 'a\\b', condition: 'AND' },
    ],
    groupBy: [
      { type: 'time', params: ['$__interval'] },
      { type: 'tag', params: ['zone'] },
      { type: 'fill', params: ['none'] },
    ],
    tz: '$tz',
  };
  const window = { fromMs: 1_000, toMs: 2_000, interval: '10m' };
  expect(builderQuery(target, { site: ['a', 'b.c'], tz: 'Asia/Shanghai' }, window)).toBe(
    `SELECT mean("moisture") * 2 AS "m" FROM "soil" WHERE ("site" =~ /^(a|b\\.c)$/ AND "device" != 'a\\\\b') AND ` +
      `time >= 1000ms and time <= 2000ms GROUP BY time(10m), "zone" fill(none) ORDER BY time ASC tz('Asia/Shanghai')`,
  );
  expect(builderQuery({ ...target, tags: [], groupBy: [] }, { tz: 'UTC' }, window)).toBe(
    `SELECT mean("moisture") * 2 AS "m" FROM "soil" WHERE time >= 1000ms and time <= 2000ms ORDER BY time ASC tz('UTC')`,
  );
});
