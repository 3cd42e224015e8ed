import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { JsonDoor } from './testing/json-door.ts';
import { type FlowNode, Runtime } from './testing/runtime.ts';

const runtime = Runtime.forThisFile();
const DEFAULTS = { kinds: 'safety', rule: '', zone: '', language: 'en', cleared: true };

async function alertNode(config: Record<string, unknown> = {}): Promise<JsonDoor> {
  const door = await JsonDoor.start();
  const broker = { id: 'broker', type: 'sluice-broker', url: door.url, site: door.site };
  const node: FlowNode = { id: 'alert', type: 'sluice-alert', broker: 'broker', ...DEFAULTS, ...config };
  await runtime.deploy([broker, node]);
  await runtime.shows('alert', 'no alert');
  return door;
}

const leak = {
  id: 'e1',
  kind: 'safety',
  gateway: 'pump-house',
  rule: 'leak',
  isRaised: true,
  zone: 'north',
  closed: [],
  reason: { en: 'water flows with every valve closed', zh: '阀门全关仍有水流' },
};
const cleared = { ...leak, id: 'e2', isRaised: false, reason: { en: 'no leak any more', zh: '渗漏已消除' } };
const diskFull = {
  ...{ id: 'e3', kind: 'condition', gateway: 'pump-house', condition: 'disk-full', isRaised: true },
  reason: { en: 'the disk is full', zh: '磁盘已满' },
};

async function payloadsAfter(door: JsonDoor, ...events: object[]): Promise<unknown[]> {
  const last = { ...leak, id: 'last', rule: 'max-run', reason: { en: 'last', zh: 'last' } };
  for (const event of [...events, last]) await door.says('event', event);
  await eventually(() => runtime.sent('alert').some(({ topic }) => topic === 'max-run'));
  return runtime
    .sent('alert')
    .filter(({ topic }) => topic !== 'max-run')
    .map(({ payload }) => payload);
}

test('an alert goes out when it is raised and when it clears, and is shown between', async () => {
  const door = await alertNode();
  await door.says('event', leak);
  await runtime.shows('alert', 'leak north');
  expect(runtime.status('alert').fill).toBe('red');
  expect(runtime.sent('alert')).toEqual([
    expect.objectContaining({ topic: 'leak', payload: leak.reason.en, isRaised: true, event: leak }),
  ]);
  await door.says('event', cleared);
  await runtime.shows('alert', 'no alert');
  expect(runtime.sent('alert')[1]).toMatchObject({ payload: 'no leak any more', isRaised: false });
});

test('an event that comes twice is one alert', async () => {
  const door = await alertNode();
  expect(await payloadsAfter(door, leak, leak)).toEqual([leak.reason.en]);
});

test.each([
  [{ language: 'zh' }, [leak.reason.zh, '渗漏已消除']],
  [{ language: 'both' }, [`${leak.reason.en}\n${leak.reason.zh}`, 'no leak any more\n渗漏已消除']],
  [{ cleared: false }, [leak.reason.en]],
  [{ kinds: 'all' }, [leak.reason.en, 'no leak any more', 'the disk is full']],
  [{ zone: 'north' }, [leak.reason.en, 'no leak any more']],
])('with %o it says %j', async (config, payloads) => {
  const door = await alertNode(config);
  const south = { ...leak, id: 'e4', zone: 'south', reason: { en: 'in the south', zh: '南区' } };
  const others = 'zone' in config ? [south] : [];
  const command = { id: 'e5', kind: 'command', outcome: 'applied' };
  expect(await payloadsAfter(door, leak, ...others, command, cleared, diskFull)).toEqual(payloads);
});
