import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { findQuantity } from '../../core/quantities.ts';
import type { Tags } from '../../core/reading.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import type { Influxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { boundField } from '../../core/thresholds/threshold.ts';
import { BOUNDED } from '../../dashboards/grafana/source/rules/bounded.ts';
import type { AlertRule } from '../../dashboards/grafana/source/rules/rule.ts';
import type { InfluxTarget } from '../../dashboards/grafana/source/target.ts';
import type { InfluxStore } from '../../ingest/stores/influx/influx-store.ts';
import { builderQuery } from './builder-query.ts';
import { evaluate, labelKey, type Single } from './expressions.ts';
import { fillStore, LINKS, READINGS, say } from './filled.ts';
import { type Frame, rowsOf, seriesFrames } from './frames.ts';
import { DATABASE, openStore } from './opened.ts';

const NOW_MS = Date.UTC(2026, 10, 22, 12);
const MINUTE_MS = 60_000;
const file = join(import.meta.dirname, '../../dashboards/grafana/provisioning/alerting/sluice-rules.json');
const RULES = (JSON.parse(readFileSync(file, 'utf8')) as { groups: { rules: AlertRule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
);
const ruleOf = (uid: string) => RULES.find((one) => one.uid === uid)!;
const uidOf = (measurement: string, field: string, what: string) =>
  `sluice-${measurement}-${field}-${what}`.replaceAll('_', '-');
const seriesOf = ({ measurement, field }: { measurement: string; field: string }) =>
  READINGS.filter((one) => one.measurement === measurement && one.field === field);

const SOIL_MOISTURE = seriesOf({ measurement: 'soil', field: 'moisture' }) as [(typeof READINGS)[number]];

describeWith('influxd')('alert rules, on a real InfluxDB', () => {
  let influxd: Influxd;
  let store: InfluxStore;
  let close: () => Promise<void>;

  beforeAll(async () => {
    const opened = await openStore(new FakeClock(NOW_MS));
    ({ influxd, store, close } = opened);
    await fillStore(store, NOW_MS);
  });
  afterAll(() => close());

  /** What a rule says at `atMs`; `undefined` where it has no data at all. */
  async function look(
    rule: AlertRule,
    atMs: number,
    raised?: ReadonlySet<string>,
  ): Promise<Single[] | undefined> {
    const queried = new Map<string, readonly Frame[]>();
    for (const { refId, model, relativeTimeRange } of rule.data) {
      if (!('measurement' in model)) continue;
      const target = model as unknown as InfluxTarget;
      const { from, to } = relativeTimeRange;
      const window = { fromMs: atMs - 1000 * from, toMs: atMs - 1000 * to, interval: '1m' };
      const rows = await rowsOf(influxd, DATABASE, builderQuery(target, {}, window));
      queried.set(refId, seriesFrames(rows, target));
    }
    const found = evaluate(rule.data, rule.condition, queried, raised).filter(({ value }) => value !== null);
    return found.length > 0 ? found : undefined;
  }

  const firing = (found: readonly Single[] | undefined) => (found ?? []).filter(({ value }) => value === 1);

  it.each(RULES)('$uid: sees every series that it is about, and nothing is wrong with any', async (rule) => {
    const found = await look(rule, NOW_MS);
    expect(found).toBeDefined();
    expect(firing(found)).toEqual([]);
    const bounded = BOUNDED.find(({ quantity }) =>
      rule.uid.startsWith(uidOf(quantity.measurement, quantity.field, '')),
    );
    if (bounded) expect(found).toHaveLength(seriesOf(bounded.quantity).length);
    if (rule.uid.startsWith('sluice-link')) expect(found).toHaveLength(LINKS.length);
    if (rule.uid.startsWith('sluice-gateway')) expect(found).toHaveLength(5);
  });

  const sides = BOUNDED.flatMap(({ quantity, sides: of }) => of.map((side) => ({ quantity, side })));

  it.each(sides)(
    '$quantity.measurement $quantity.field: fires past its $side bound, and recovers past the clear one',
    async ({ quantity, side }) => {
      const rule = ruleOf(uidOf(quantity.measurement, quantity.field, side));
      const [one] = seriesOf(quantity);
      const { measurement, field, tags } = one!;
      const usual = one!.at(0);
      const sign = side === 'low' ? -1 : 1;
      /** 1.2 is the bound, 1.1 where it clears. */
      const at = async (share: number, minute: number, raised?: ReadonlySet<string>) => {
        const timeMs = NOW_MS + minute * MINUTE_MS;
        await say(store, { measurement, field, tags }, timeMs, usual + sign * share * Math.abs(usual));
        return look(rule, timeMs, raised);
      };
      expect(firing(await at(0.19, 1))).toEqual([]);
      const fired = firing(await at(0.21, 2));
      expect(fired).toHaveLength(1);
      expect(fired[0]!.labels).toMatchObject(tags);
      const raised = new Set(fired.map(({ labels }) => labelKey(labels)));
      // Between the bounds it stays as it is: wrong, or not.
      expect(firing(await at(0.15, 3, raised))).toHaveLength(1);
      expect(firing(await at(0.15, 4))).toEqual([]);
      expect(firing(await at(0.09, 5, raised))).toEqual([]);
    },
  );

  it.each(['low', 'high'] as const)(
    'a %s bound that clears where it is raised works as well',
    async (side) => {
      const [{ tags }] = SOIL_MOISTURE;
      const quantity = { measurement: 'soil', field: 'moisture' };
      const at = async (value: number, minute: number, raised?: ReadonlySet<string>) => {
        const timeMs = NOW_MS + minute * MINUTE_MS;
        for (const what of [side, `${side}_clear`] as const)
          await say(store, { measurement: 'threshold', field: boundField(quantity, what), tags }, timeMs, 25);
        await say(store, { ...quantity, tags }, timeMs, value);
        const fired = firing(await look(ruleOf(`sluice-soil-moisture-${side}`), timeMs, raised));
        return fired.map(({ labels }) => labels);
      };
      const [beyond, within] = side === 'low' ? [24, 26] : [26, 24];
      const fired = await at(beyond, 20);
      expect(fired).toEqual([expect.objectContaining(tags)]);
      expect(await at(within, 21, new Set(fired.map(labelKey)))).toEqual([]);
      expect(await at(within, 22)).toEqual([]);
    },
  );

  it.each(BOUNDED)(
    '$quantity.measurement $quantity.field: a series that has vanished is missed, though no query has it',
    async ({ quantity, sides: of }) => {
      const [gone, ...others] = seriesOf(quantity);
      const rule = ruleOf(uidOf(quantity.measurement, quantity.field, 'silent'));
      // Two hours later others go on; of the first, only that it was expected is still written, and its bounds.
      const timeMs = NOW_MS + 120 * MINUTE_MS;
      const silent = boundField(quantity, 'silent');
      for (const [index, { tags, measurement, field, at }] of [gone!, ...others].entries()) {
        if (index > 0) await say(store, { measurement, field, tags }, timeMs, at(timeMs));
        await say(store, { measurement: 'expected', field: silent, tags }, timeMs, index === 0 ? 7_200 : 5);
        const bounds = { low: -1e6, low_clear: -1e5, high: 1e6, high_clear: 1e5, no_data: 600 } as const;
        for (const [what, value] of Object.entries(bounds))
          await say(
            store,
            { measurement: 'threshold', field: boundField(quantity, what as keyof typeof bounds), tags },
            timeMs,
            value,
          );
      }
      const fired = firing(await look(rule, timeMs));
      expect(fired).toHaveLength(1);
      expect(fired[0]!.labels).toMatchObject(gone!.tags);
      // The rule about its bounds does not see it: this is why there is another.
      const seen = await look(ruleOf(uidOf(quantity.measurement, quantity.field, of[0]!)), timeMs);
      expect(seen?.some(({ labels }) => labels.device === gone!.tags.device) ?? false).toBe(false);
    },
  );

  it('a gateway that is away, or whose readings are missing, is told with its labels until it is well again', async () => {
    const tags = { site: 'demo-farm', gateway: 'pump-house' };
    const at = async (
      uid: string,
      field: string,
      value: number,
      minute: number,
      raised?: ReadonlySet<string>,
    ) => {
      const timeMs = NOW_MS + minute * MINUTE_MS;
      await say(store, { measurement: 'gateway', field, tags }, timeMs, value);
      return firing(await look(ruleOf(uid), timeMs, raised)).map(({ labels }) => labels);
    };
    const raised = new Set([labelKey(tags)]);
    expect(await at('sluice-gateway-away', 'away', 59, 1)).toEqual([]);
    expect(await at('sluice-gateway-away', 'away', 61, 2)).toEqual([tags]);
    expect(await at('sluice-gateway-away', 'away', 0, 3, raised)).toEqual([]);
    expect(await at('sluice-gateway-completeness', 'completeness', 98.9, 1)).toEqual([tags]);
    expect(await at('sluice-gateway-completeness', 'completeness', 99.4, 2, raised)).toEqual([tags]);
    expect(await at('sluice-gateway-completeness', 'completeness', 99.6, 3, raised)).toEqual([]);
  });

  const burns = (['loss', 'latency'] as const).flatMap((kind) => [
    { kind, long: '1h', short: '5m', bound: 14.4 },
    { kind, long: '6h', short: '30m', bound: 6 },
    { kind, long: '3d', short: '6h', bound: 1 },
  ]);

  it.each(burns)(
    'a link that burns its $kind budget $bound times too fast over $long is told, while it goes on',
    async ({ kind, long: longName, short: shortName, bound }) => {
      const { id, from, to, class: className } = LINKS[0]!;
      const tags: Partial<Tags> = {
        site: 'backbone',
        gateway: from.id,
        device: from.id,
        point: to.id,
        link: id,
        class: className,
      };
      const rule = ruleOf(`sluice-link-${kind}-burn-${longName}`);
      const burn = async (long: number, short: number, minute: number) => {
        const timeMs = NOW_MS + minute * MINUTE_MS;
        await say(store, { measurement: 'sla', field: `${kind}_burn_${longName}`, tags }, timeMs, long);
        await say(store, { measurement: 'sla', field: `${kind}_burn_${shortName}`, tags }, timeMs, short);
        return firing(await look(rule, timeMs)).map(({ labels }) => labels.link);
      };
      const [more, less] = [bound * 1.01, bound * 0.99];
      expect(await burn(more, more, 1)).toEqual([id]);
      expect(await burn(less, more, 2)).toEqual([]);
      // A burst that is over.
      expect(await burn(more, less, 3)).toEqual([]);
      expect(rule.panelId).toBeGreaterThan(0);
    },
  );

  it('when ingest writes nothing, that is told though there is no data to judge', async () => {
    const rule = ruleOf('sluice-ingest-silent');
    const nowMs = NOW_MS + 600 * MINUTE_MS;
    expect(await look(rule, nowMs)).toBeUndefined();
    expect(rule.noDataState).toBe('Alerting');
    // Of all others, silence says that nobody has set a bound.
    expect(RULES.filter((one) => one !== rule && one.noDataState !== 'OK')).toEqual([]);
  });

  it('has a quantity with a unit behind each, so that a message can say how much', () => {
    for (const { quantity } of BOUNDED)
      expect(findQuantity(quantity.measurement, quantity.field)?.unit).not.toBe('');
  });
});
