import { globSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { TAGS } from '../../../../core/reading.ts';
import type { SetTags } from '../api.ts';
import { framesOf } from './compute.ts';
import type { Dashboard, Panel, Part, Target } from './model.ts';
import { operationsOf, type TranslateContext, translate } from './translate.ts';
import { resolveVariables, tagValues, valuesOf } from './variables.ts';

const MINUTE_MS = 60_000;
const SPAN = { fromMs: 10 * MINUTE_MS, toMs: 70 * MINUTE_MS };
const SERIES: readonly SetTags[] = [
  { site: 'demo', zone: 'north', device: 'a.1' },
  { site: 'demo', zone: 'south', device: 'b' },
  { site: 'demo', device: 'c' },
];

const context = (more: Partial<TranslateContext> = {}): TranslateContext => ({
  ...{ span: SPAN, intervalMs: MINUTE_MS, variables: new Map() },
  seriesOf: () => SERIES,
  hasPercentiles: () => false,
  ...more,
});
const part = (type: string, ...params: string[]): Part => ({ type, params });
const target = (select: readonly Part[], more: Partial<Target> = {}): Target => ({
  ...{ refId: 'A', measurement: 'soil', select: [[part('field', 'moisture'), ...select]] },
  groupBy: [part('time', '$__interval'), part('tag', 'zone'), part('fill', 'none')],
  ...more,
});
const points = (tags: SetTags, ...pairs: readonly (readonly [minute: number, value: number])[]) => ({
  tags,
  timeMs: pairs.map(([minute]) => minute * MINUTE_MS),
  value: pairs.map(([, value]) => value),
});
const valuesIn = (one: Target, answers: Parameters<typeof framesOf>[2], more = {}) => {
  const [frame] = framesOf(one, translate(one, context(more)), answers);
  return frame?.fields.map(({ values }) => values);
};

describe('a target of Grafana’s builder as questions to the API', () => {
  it('asks for windows of the interval, by the tags that it groups by', () => {
    const plan = translate(
      target([part('mean')], { tags: [{ key: 'site', operator: '=', value: 'demo' }] }),
      context(),
    );
    expect(plan.columns[0]!.asks).toEqual([
      {
        ...{ measurement: 'soil', field: 'moisture', fn: 'mean', everyMs: MINUTE_MS, ...SPAN },
        ...{ groupBy: ['zone'], where: { site: ['demo'] } },
      },
    ]);
  });

  it('finds what a pattern means among the series that there are, taken literally, with none where the tag is not set', () => {
    const where = (operator: string, value: string, chosen: readonly string[], all?: string) => {
      const variables = new Map([['device', { values: chosen, all }]]);
      const tags = [{ key: 'device', operator, value }];
      return translate(target([part('mean')], { tags }), context({ variables })).columns[0]!.asks[0]?.where;
    };
    expect(where('=~', '/^$device$/', ['a.1'])).toEqual({ device: ['a.1'] });
    expect(where('=~', '/^$device$/', ['a.1', 'c'])).toEqual({ device: ['a.1', 'c'] });
    expect(where('=~', '/^$device$/', ['axb'])).toBeUndefined();
    expect(where('=~', '/^$device$/', [], '.*')).toEqual({});
    expect(where('!~', '/^[ab]/', [])).toEqual({ device: ['c'] });
    expect(where('!=', 'c', [])).toEqual({ device: ['a.1', 'b'] });
    const zones = [{ key: 'zone', operator: '!=', value: '' }];
    const plan = translate(target([part('mean')], { tags: zones }), context());
    expect(plan.columns[0]!.asks[0]!.where).toEqual({ zone: ['north', 'south'] });
  });

  it('shows what a counter grew by, from the window before the time shown on, and not its fresh starts', () => {
    const one = target([part('max'), part('non_negative_difference'), part('math', ' * 2')]);
    const plan = translate(one, context());
    expect(plan.columns[0]!.asks[0]!.fromMs).toBe(SPAN.fromMs - MINUTE_MS);
    const answer = [points({ zone: 'north' }, [9, 1], [10, 4], [11, 2], [12, 7])];
    expect(valuesIn(one, [[answer]])).toEqual([
      [10 * MINUTE_MS, 12 * MINUTE_MS],
      [6, 10],
    ]);
    const rate = target([part('max'), part('non_negative_derivative', '30s')]);
    expect(valuesIn(rate, [[answer]])![1]).toEqual([1.5, 2.5]);
  });

  it('makes percentiles of readings where the store keeps none, and asks for them where it does', () => {
    const one = target([part('percentile', '95')]);
    expect(translate(one, context({ hasPercentiles: () => true })).columns[0]!.asks[0]).toMatchObject({
      fn: 'p95',
      everyMs: MINUTE_MS,
    });
    const asks = translate(one, context()).columns[0]!.asks;
    expect(asks[0]).not.toHaveProperty('everyMs');
    const readings = Array.from({ length: 20 }, (_, index) => [10 + index / 100, index + 1] as const);
    expect(valuesIn(one, [[[points({ zone: 'north' }, ...readings)]]])).toEqual([[10 * MINUTE_MS], [19]]);
  });

  it('gives one value of a whole time: the mean of all readings, and not of the windows', () => {
    const one = target([part('mean')], { groupBy: [part('tag', 'zone')], resultFormat: 'table' });
    const plan = translate(one, context());
    expect(plan.columns[0]!.asks.map(({ fn }) => fn)).toEqual(['sum', 'count']);
    const sums = [points({ zone: 'north' }, [10, 30], [11, 10])];
    const counts = [points({ zone: 'north' }, [10, 3], [11, 1])];
    expect(valuesIn(one, [[sums, counts]])).toEqual([[SPAN.fromMs], ['north'], [10]]);
  });

  it('fills windows without a reading as it is told', () => {
    const fill = (how: string) => {
      const groupBy = [part('time', '$__interval'), part('tag', 'zone'), part('fill', how)];
      const answer = [points({ zone: 'north' }, [10, 1], [13, 4])];
      const span = { fromMs: 10 * MINUTE_MS, toMs: 15 * MINUTE_MS };
      return valuesIn(target([part('mean')], { groupBy }), [[answer]], { span })![1];
    };
    expect(fill('none')).toEqual([1, 4]);
    expect(fill('null')).toEqual([1, null, null, 4, null]);
    expect(fill('previous')).toEqual([1, 1, 1, 4, 4]);
    expect(fill('linear')).toEqual([1, 2, 3, 4, null]);
    expect(fill('0')).toEqual([1, 0, 0, 4, 0]);
  });

  it('begins days at midnight of the zone that the query names', () => {
    const one = target([part('max')], {
      groupBy: [part('time', '1d'), part('tag', 'zone'), part('fill', 'none')],
      tz: 'Asia/Shanghai',
    });
    const dayMs = 86_400_000;
    const span = { fromMs: Date.UTC(2026, 10, 1, 16), toMs: Date.UTC(2026, 10, 3, 16) };
    const plan = translate(one, context({ span }));
    expect(plan.columns[0]!.asks[0]).toMatchObject({ everyMs: 3_600_000, fn: 'max' });
    const at = (hour: number, value: number) =>
      [(span.fromMs + hour * 3_600_000) / MINUTE_MS, value] as const;
    const answer = [points({ zone: 'north' }, at(0, 3), at(23, 9), at(24, 5), at(47, 4))];
    expect(valuesIn(one, [[answer]], { span })).toEqual([
      [span.fromMs, span.fromMs + dayMs],
      [9, 5],
    ]);
  });

  it('says what it does not know', () => {
    const refused = (one: Target) => () => translate(one, context());
    expect(refused(target([part('holt_winters', '3', '4')]))).toThrow(/holt_winters/);
    expect(refused({ rawQuery: true, query: 'SELECT 1' })).toThrow(/rawQuery/);
    expect(refused(target([part('mean')], { groupBy: [part('tag', 'colour')] }))).toThrow(/colour/);
    expect(() => operationsOf(' + 1 * 2')).toThrow(/math/);
    expect(operationsOf(' * 60 / 1000')).toEqual([
      ['*', 60],
      ['/', 1000],
    ]);
  });
});

describe('variables', () => {
  const source = {
    series: async () => SERIES.map((tags) => ({ measurement: 'soil', field: 'moisture', tags })),
  };

  it('are the values of a tag, limited by others, in the order that people count in', async () => {
    const known = new Map([['device', { values: ['b', 'c'] }]]);
    const query = 'SHOW TAG VALUES FROM "soil" WITH KEY = "zone" WHERE "device" =~ /^$device$/';
    expect(await tagValues(query, known, source)).toEqual(['south']);
    await expect(tagValues('SHOW MEASUREMENTS', known, source)).rejects.toThrow(/SHOW MEASUREMENTS/);
  });
});

const FILES = globSync('../../../grafana/dashboards/*/*.json', { cwd: import.meta.dirname });

describe('the dashboards that we ship', () => {
  const read = (file: string): Dashboard =>
    JSON.parse(readFileSync(`${import.meta.dirname}/${file}`, 'utf8'));

  it.each(FILES)('%s has no target that is not understood', async (file) => {
    const dashboard = read(file);
    const tags = Object.fromEntries(TAGS.map((tag) => [tag, `one-${tag}`]));
    const source = { series: async () => [{ measurement: 'any', field: 'any', tags }] };
    const resolved = await resolveVariables(dashboard, () => undefined, source as never);
    expect(resolved.flatMap(({ unknown }) => unknown ?? [])).toEqual([]);
    const panels = (dashboard.panels ?? []).flatMap((panel): Panel[] => [panel, ...(panel.panels ?? [])]);
    expect(panels.length).toBeGreaterThan(3);
    for (const { targets = [] } of panels) {
      for (const one of targets) {
        translate(one, context({ variables: valuesOf(resolved), seriesOf: () => [tags] }));
      }
    }
  });
});
