import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Dashboard, Panel } from '@grafana/schema';
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { findQuantity } from '../../core/quantities.ts';
import { TAGS } from '../../core/reading.ts';
import {
  BOUND_SERIES,
  EXPECTED_MEASUREMENT,
  THRESHOLD_MEASUREMENT,
} from '../../core/thresholds/threshold.ts';
import { PROVISIONED_UID } from './source/data-source.ts';
import type { InfluxTarget } from './source/target.ts';
import { unitId } from './source/unit-of.ts';

const HAN = /\p{Script=Han}/u;
/** Words that are the same in both languages. */
const SAME = /^(Sluice|p95|p99|[–0-9.]+|NB-IoT|\$tag_\w+([ /·]\$tag_\w+)*|x)$/;

const folder = (language: string) => join(import.meta.dirname, 'dashboards', language);
const read = (language: 'en' | 'zh') =>
  readdirSync(folder(language)).map(
    (name) => [name, JSON.parse(readFileSync(join(folder(language), name), 'utf8')) as Dashboard] as const,
  );
const ALL = [...read('en'), ...read('zh')];
const panelsOf = (one: Dashboard) => one.panels as Panel[];
const targetsOf = (panel: Panel) => (panel.targets ?? []) as unknown as InfluxTarget[];
const everyTarget = ALL.flatMap(([file, board]) =>
  panelsOf(board).flatMap((panel) =>
    targetsOf(panel).map((target) => ({ at: `${file} ${panel.id}${target.refId}`, panel, target })),
  ),
);
const rules = JSON.parse(
  readFileSync(join(import.meta.dirname, 'provisioning/alerting/sluice-rules.json'), 'utf8'),
) as {
  groups: {
    rules: {
      uid: string;
      annotations: Record<string, string>;
      labels: Record<string, string>;
      title: string;
    }[];
  }[];
};
const everyRule = rules.groups.flatMap((group) => group.rules);

/** Every text that a person reads of a dashboard, by where it stands. */
function wordsOf(value: unknown, path = ''): [string, string][] {
  const shown = /\.(title|description|label|alias|text|noValue|content|name)$/;
  if (typeof value === 'string') return shown.test(path) ? [[path, value]] : [];
  if (value === null || typeof value !== 'object') return [];
  return Object.entries(value).flatMap(([key, one]) => wordsOf(one, `${path}.${key}`));
}

describe('dashboards', () => {
  it('are eight, in two languages, each named by its uid', () => {
    expect(ALL).toHaveLength(16);
    for (const [file, { uid }] of ALL) expect(file).toBe(`${uid}.json`);
    expect(new Set(ALL.map(([, { uid }]) => uid)).size).toBe(16);
    // What Grafana allows.
    for (const [, { uid }] of ALL) expect(uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
  });

  it('have panels with ids of their own that do not lie on each other', () => {
    for (const [file, board] of ALL) {
      const panels = panelsOf(board);
      expect(new Set(panels.map(({ id }) => id)).size, file).toBe(panels.length);
      const taken = new Set<string>();
      for (const { gridPos } of panels) {
        const { x, y, w, h } = gridPos!;
        expect(x >= 0 && y >= 0 && w > 0 && h > 2 && x + w <= 24, file).toBe(true);
        for (let row = y; row < y + h; row++)
          for (let at = x; at < x + w; at++) {
            expect(taken.has(`${row} ${at}`), `${file} at ${row}, ${at}`).toBe(false);
            taken.add(`${row} ${at}`);
          }
      }
    }
  });

  it('are few panels, each a question with an answer said beneath', () => {
    for (const [file, board] of ALL) {
      expect(panelsOf(board).length, file).toBeLessThanOrEqual(10);
      for (const { title, description } of panelsOf(board)) {
        expect(title, file).toMatch(/[?？]$/);
        expect(description, file).not.toBe('');
      }
    }
  });

  it('say the same in both languages, and every word of it in each', () => {
    const chinese = new Map(read('zh').map(([, board]) => [board.uid!.replace(/-zh$/, ''), board]));
    for (const [file, board] of read('en')) {
      const other = chinese.get(board.uid!)!;
      const [words, theirs] = [wordsOf(board), wordsOf(other)];
      expect(theirs.map(([path]) => path)).toEqual(words.map(([path]) => path));
      for (const [index, [path, text]] of words.entries()) {
        const [, chineseText] = theirs[index]!;
        if (path.includes('.location.') || path.includes('.basemap.')) continue;
        if (/templating\.list\.\d+\.(name|current\.text|options)|\.current\.|\.fixed/.test(path)) continue;
        expect(HAN.test(text), `${file}${path}: ${text}`).toBe(false);
        if (!SAME.test(text)) expect(HAN.test(chineseText), `${file}${path}: ${chineseText}`).toBe(true);
      }
    }
  });

  it('ask for nothing that the catalogue has not, by tags that series have', () => {
    for (const { at, target } of everyTarget) {
      for (const [{ params }] of target.select as unknown as [{ params: string[] }][]) {
        const [field] = params;
        expect(isKnown(target.measurement, field!), `${at} ${target.measurement}/${field}`).toBe(true);
      }
      const tags = [
        ...target.tags.map(({ key }) => key),
        ...target.groupBy.filter(({ type }) => type === 'tag').map(({ params }) => params[0]!),
      ];
      expect(
        tags.filter((tag) => !(TAGS as readonly string[]).includes(tag)),
        at,
      ).toEqual([]);
    }
  });

  it('show every figure in the unit that it is stored in, or in one that its math makes', () => {
    for (const { at, panel, target } of everyTarget) {
      if (['table', 'geomap', 'heatmap'].includes(panel.type)) continue;
      for (const parts of target.select) {
        const quantity = findQuantity(target.measurement, parts[0]!.params[0]!);
        if (!quantity || quantity.kind === 'state') continue;
        const isRate = parts.some(({ type }) => type === 'non_negative_derivative');
        const unit = isRate ? 'suffix:/s' : unitId(quantity.unit);
        expect(panel.fieldConfig!.defaults.unit, at).toBe(unit);
      }
    }
  });

  it('stay within what both Grafana and the console draw', () => {
    const types = [
      'timeseries',
      'stat',
      'gauge',
      'bargauge',
      'table',
      'state-timeline',
      'heatmap',
      'geomap',
      'text',
      'alertlist',
    ];
    const aggregates = ['mean', 'min', 'max', 'last', 'first', 'sum', 'count', 'spread', 'percentile'];
    const further = ['non_negative_difference', 'non_negative_derivative', 'math', 'alias'];
    for (const [file, board] of ALL) {
      expect(board.timezone, file).toBe('browser');
      expect(board.schemaVersion, file).toBe(38);
      for (const panel of panelsOf(board)) {
        expect(types, file).toContain(panel.type);
        for (const { id } of panel.transformations ?? [])
          expect(['organize', 'groupingToMatrix']).toContain(id);
        for (const { matcher } of panel.fieldConfig?.overrides ?? [])
          expect(['byName', 'byFrameRefID']).toContain(matcher.id);
        if (panel.type === 'table') expect(targetsOf(panel)).toHaveLength(1);
      }
    }
    for (const { at, target } of everyTarget) {
      expect(target, at).not.toHaveProperty('query');
      expect(target.rawQuery, at).toBe(false);
      expect(target.datasource).toEqual({ type: 'influxdb', uid: '$' + '{datasource}' });
      for (const [field, aggregate, ...then] of target.select) {
        expect(field!.type, at).toBe('field');
        expect(aggregates, at).toContain(aggregate!.type);
        for (const { type } of then) expect(further, at).toContain(type);
        // Difference and derivative are of windows: without them InfluxDB refuses.
        if (then.some(({ type }) => type.startsWith('non_negative')))
          expect(target.groupBy[0]!.type, at).toBe('time');
      }
      for (const { operator, value } of target.tags) {
        if (operator === '=~') expect(value, at).toMatch(/^\/\^\$\w+\$\/$/);
        else expect(['=', '!='], at).toContain(operator);
      }
    }
  });

  it('name only variables, dashboards and panels that there are', () => {
    const uids = new Set(ALL.map(([, { uid }]) => uid));
    for (const [file, board] of ALL) {
      const variables = new Set(board.templating!.list!.map(({ name }) => name));
      const text = JSON.stringify(board.panels);
      for (const [, name] of text.matchAll(/\/\^\$(\w+)\$\//g)) expect(variables, file).toContain(name);
      for (const [, uid] of text.matchAll(/"\/d\/([\w-]+)/g)) expect(uids, file).toContain(uid);
    }
    const panels = new Map(
      ALL.map(([, board]) => [board.uid, new Set(panelsOf(board).map(({ id }) => String(id)))]),
    );
    for (const { uid, annotations } of everyRule)
      expect(panels.get(annotations.__dashboardUid__), uid).toContain(annotations.__panelId__);
  });
});

it('has alert rules with uids of their own, told in both languages, and labels to route by', () => {
  expect(new Set(everyRule.map(({ uid }) => uid)).size).toBe(everyRule.length);
  for (const { uid, title, annotations, labels } of everyRule) {
    expect(uid).toMatch(/^[a-zA-Z0-9_-]{1,40}$/);
    expect(HAN.test(annotations.summary_en!), uid).toBe(false);
    expect(HAN.test(annotations.summary_zh!), uid).toBe(true);
    expect(title).toMatch(/^[^\p{Script=Han}]+ \/ .*\p{Script=Han}/u);
    expect(['critical', 'warning']).toContain(labels.severity);
    // Grafana takes these for variables of its environment.
    expect(JSON.stringify(labels)).not.toContain('$');
  }
});

it('has provisioning that agrees with what dashboards and rules name', () => {
  const of = (path: string) => parse(readFileSync(join(import.meta.dirname, 'provisioning', path), 'utf8'));
  const [source] = of('datasources/sluice.yaml').datasources;
  expect(source).toMatchObject({ uid: PROVISIONED_UID, type: 'influxdb', jsonData: { version: 'InfluxQL' } });
  // For containers it is the same, but for where the token comes from.
  const [secret] = of('datasources-secret/sluice.yaml').datasources;
  expect({ ...secret, secureJsonData: source.secureJsonData }).toEqual(source);
  const paths = of('dashboards/sluice.yaml').providers.map(
    ({ options }: { options: { path: string } }) => options.path,
  );
  expect(paths).toEqual(['$SLUICE_DASHBOARDS/en', '$SLUICE_DASHBOARDS/zh']);
  const { contactPoints, policies } = of('samples/notifications.yaml');
  expect(policies[0].receiver).toBe(contactPoints[0].name);
  for (const uid of JSON.stringify(rules).matchAll(/"datasourceUid":"([^"]+)"/g))
    expect([PROVISIONED_UID, '__expr__']).toContain(uid[1]);
});

function isKnown(measurement: string, field: string): boolean {
  const isBound = measurement === THRESHOLD_MEASUREMENT;
  if (!isBound && measurement !== EXPECTED_MEASUREMENT) return findQuantity(measurement, field) !== undefined;
  const ends = isBound ? BOUND_SERIES : ['silent'];
  return ends.some((end) => {
    if (!field.endsWith(`_${end}`)) return false;
    const name = field.slice(0, -end.length - 1);
    const cuts = [...name.matchAll(/_/g)].map(({ index }) => index);
    return cuts.some((cut) => findQuantity(name.slice(0, cut), name.slice(cut + 1)) !== undefined);
  });
}
