import { expect, it } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { seriesKey } from '../../core/reading.ts';
import { CALM } from '../thresholds/judge-state.ts';
import type { Condition, ConditionKind } from './condition.ts';
import { findCauses } from './find-causes.ts';
import { OWN_AFTER_MS, ownConditions } from './own-trouble.ts';
import { type GatewayNow, withReadings } from './reading-causes.ts';
import { type BookState, EMPTY_BOOK, stepBook } from './step-book.ts';
import { condition, fullMesh } from './testing/conditions.ts';

const NOW = 10_000_000;
const ONLINE: GatewayNow = { presence: 'online', heardMs: NOW - 1_000, devices: 40 };
const topology = fullMesh([]);

function wrong(kind: ConditionKind, device: string, zone = 'north', sinceMs = NOW - 300_000): Condition {
  const series = seriesKey({
    ...{ measurement: 'soil', field: 'moisture', unit: '%', site: 'farm', gateway: 'pump', device, zone },
  });
  return {
    ...{ key: `${kind}:t:${device}`, kind, subject: `farm/pump/${device}`, severity: 'warning', sinceMs },
    ...{ noticedMs: NOW, explains: false, place: { site: 'farm', gateway: 'pump', device } },
    judged: { series, threshold: 't', version: 1, state: CALM },
    words: { en: `${kind} of ${device}`, zh: `${device} 异常` },
  };
}

const forty = Array.from({ length: 40 }, (_, n) => wrong('no-data', `s${n}`));

function causes(conditions: readonly Condition[], gateway = ONLINE, told: string[] = []) {
  const isOther = ({ kind }: Condition) => kind !== 'silent';
  const found = findCauses(
    conditions.filter((one) => !isOther(one)),
    topology,
    () => 'unknown',
  );
  const context = { nowMs: NOW, toldBefore: new Set(told), gateway: () => gateway };
  return withReadings(found, conditions.filter(isOther), context);
}

const shown = (all: ReturnType<typeof causes>) =>
  all.map(({ key, causing, silent }) => [key, causing.length, silent.length]);

it('makes one cause of what is wrong with a quantity in a zone, and others of other zones', () => {
  const all = [
    wrong('bounds', 's1'),
    wrong('bounds', 's2'),
    wrong('stuck', 's3'),
    wrong('bounds', 's9', 'south'),
  ];
  expect(shown(causes(all))).toEqual([
    ['quantity:farm/north/soil/moisture', 3, 0],
    ['quantity:farm/south/soil/moisture', 1, 0],
  ]);
  expect(shown(causes([wrong('bounds', 's1', '')]))).toEqual([['quantity:farm/pump/s1/soil/moisture', 1, 0]]);
});

it('lists the silent sensors of a silent gateway in its one cause', () => {
  const all = [condition('silent', 'farm/pump'), ...forty];
  expect(shown(causes(all, { ...ONLINE, presence: 'offline' }))).toEqual([['gateway:farm/pump', 1, 40]]);
});

it('waits while the gateway is away and not told yet, but ends nothing that was told', () => {
  const away: GatewayNow = { ...ONLINE, presence: 'offline' };
  expect(shown(causes(forty, away))).toEqual([]);
  expect(shown(causes(forty.slice(0, 1), away, [forty[0]!.key]))).toEqual([['device:farm/pump/s0', 1, 0]]);
});

it('tells a gateway of which nothing comes although it is connected, and one device of a gateway that speaks', () => {
  expect(shown(causes(forty.slice(0, 3), { ...ONLINE, heardMs: NOW - 290_000 }))).toEqual([
    ['gateway:farm/pump', 3, 0],
  ]);
  expect(shown(causes(forty.slice(0, 2)))).toEqual([
    ['device:farm/pump/s0', 1, 0],
    ['device:farm/pump/s1', 1, 0],
  ]);
  const door: GatewayNow = { presence: undefined, heardMs: NOW - 290_000, devices: 1 };
  expect(shown(causes(forty.slice(0, 1), door))).toEqual([['device:farm/pump/s0', 1, 0]]);
});

it('tells trouble of ours as one, and no silence with it', () => {
  const error = new SluiceError('STORE_UNAVAILABLE', { store: 'influx', reason: 'refused' });
  const since = new Map([['store', NOW - OWN_AFTER_MS]]);
  const own = ownConditions([{ name: 'store', error }], since, () => undefined, NOW);
  expect(own).toMatchObject([{ key: 'own:store', severity: 'critical', sinceMs: NOW - OWN_AFTER_MS }]);
  expect(ownConditions([{ name: 'store', error }], since, () => undefined, NOW - 1)).toEqual([]);
  expect(shown(causes([...own, ...forty]))).toEqual([['own:sluice', 1, 0]]);
});

it('tells a dead gateway with 40 sensors as one event, and its sensors have time to come back', () => {
  const options = { settleMs: 20_000, joinMs: 180_000 };
  let state: BookState = EMPTY_BOOK;
  let next = 0;
  const step = (nowMs: number, all: ReturnType<typeof causes>) => {
    const { state: after, effects } = stepBook(state, {
      ...{ nowMs, causes: all, topology, options, newId: () => `e${next++}` },
    });
    state = after;
    return effects.map(({ kind, event }) => `${kind} ${event.key}`);
  };
  const away: GatewayNow = { ...ONLINE, presence: 'offline' };
  expect(step(NOW, causes([condition('silent', 'farm/pump'), ...forty], away))).toEqual([
    'raised gateway:farm/pump',
  ]);
  const [event] = state.open.values();
  expect(event!.silent).toHaveLength(40);
  expect(event!.words.en).toMatch(/no data of 40 series of 40 devices: farm\/pump\/s0, .* and 35 more\.$/);
  expect(event!.words.zh).toContain('40 台设备的 40 个序列无数据');
  // It is back, and half of them speak already.
  const late = forty.slice(20);
  expect(step(NOW + 1_000, causes(late))).toEqual(['cleared gateway:farm/pump']);
  expect(step(NOW + 180_000, causes(late.slice(10)))).toEqual([]);
  expect(step(NOW + 181_000, causes(late.slice(19)))).toEqual(['raised device:farm/pump/s39']);
});
