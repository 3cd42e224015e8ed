import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { JsonDoor, type SeenCommand } from './testing/json-door.ts';
import { type FlowNode, type Message, Runtime } from './testing/runtime.ts';

const runtime = Runtime.forThisFile();
const HOUR_MS = 3_600_000;
/** What a flow has counted outlives its deployment, so each test has a flow of its own. */
let tests = 0;
const idOf = (node: string) => `irrigate-${tests}-${node}`;

interface Rule {
  readonly p: string;
  readonly to: string;
}

/** The example as it is, but for the address, a faster beat, and the settings of a test. */
async function irrigate(settings: Record<string, unknown> = {}): Promise<JsonDoor> {
  const door = await JsonDoor.start();
  const file = join(import.meta.dirname, 'examples', 'irrigate-by-moisture.json');
  tests++;
  const text = readFileSync(file, 'utf8').replaceAll('sluice-irrigate', `irrigate-${tests}`);
  const flow = JSON.parse(text) as FlowNode[];
  const changed = flow.map((node) => {
    if (node.type === 'sluice-broker') return { ...node, url: door.url, site: door.site };
    if (node.type === 'inject') return { ...node, repeat: '0.1', onceDelay: 0.1 };
    if (node.type !== 'change') return node;
    const rules = (node.rules as Rule[]).map((rule) => {
      const value = settings[rule.p.replace('settings.', '')];
      return value === undefined ? rule : { ...rule, to: String(value) };
    });
    return { ...node, rules };
  });
  await runtime.deploy(changed);
  await runtime.shows(idOf('rain'), 'connected');
  return door;
}

const valve = { measurement: 'irrigation', field: 'valve_state', point: 'v1', unit: '', device: 'valves' };

function zone(door: JsonDoor, moisture: number, isOpen: boolean, soil: Message = {}): Promise<void> {
  const open = door.reading({ ...valve, value: isOpen ? 1 : 0 });
  return door.saysZone(door.reading({ value: moisture, ...soil }), open);
}

function command(door: JsonDoor, value: boolean): Promise<SeenCommand> {
  return eventually(() => {
    const last = door.commands.at(-1);
    return last?.command.value === value && last;
  });
}

function applied(door: JsonDoor, { user, command: { id } }: SeenCommand): Promise<void> {
  return door.says(`outcome/${user}`, { id, state: 'done', outcome: 'applied' });
}

/** What the flow has decided last, and why. */
function decides(en: string | RegExp): Promise<Message> {
  return eventually(() => {
    const last = runtime.sent(idOf('decide')).at(-1);
    return last && new RegExp(en).test(String(last.en)) && last;
  });
}

test('it opens under the one bound, keeps on between the two, and closes at the other', async () => {
  const door = await irrigate();
  await zone(door, 25, false);
  expect(await decides('between the bounds')).toMatchObject({ payload: 'close', moisture: 25 });
  await applied(door, await command(door, false));
  await zone(door, 23.9, false);
  const opening = await command(door, true);
  expect(opening.command).toMatchObject({
    gateway: 'pump-house',
    device: 'valves',
    metric: 'irrigation/valve_state/v1',
    leaseS: 180,
  });
  await applied(door, opening);
  await zone(door, 26, true);
  await eventually(() => runtime.sent(idOf('decide')).at(-1)?.moisture === 26);
  expect(runtime.sent(idOf('decide')).at(-1)).toMatchObject({ payload: 'open', zh: '浇水中' });
  await zone(door, 28, true);
  await command(door, false);
  expect(await decides('wet enough')).toMatchObject({ payload: 'close', zh: '墒情已足' });
  expect(door.commands.map((one) => one.command.value)).toEqual([false, true, false]);
});

test('moisture that is too old ends the watering', async () => {
  const door = await irrigate();
  await zone(door, 20, false);
  await command(door, true);
  await zone(door, 20, true, { timeMs: Date.now() - HOUR_MS });
  await command(door, false);
  expect(await decides('no moisture to trust: stale')).toMatchObject({ payload: 'close', moisture: null });
});

const past = { from: '00:00', to: '00:00' };

test.each([
  ['outside its hours', past, 'outside 00:00–00:00'],
  ['when the day had enough', { maxMinutesPerDay: 0 }, 'enough for today'],
])('%s it stays closed, however dry', async (_what, settings, reason) => {
  const door = await irrigate(settings);
  await zone(door, 10, false);
  expect(await decides(reason)).toMatchObject({ payload: 'close', moisture: 10 });
  expect(door.commands.filter((one) => one.command.value === true)).toEqual([]);
});

test('the minutes that the valve reports open are counted', async () => {
  const door = await irrigate({ maxMinutesPerDay: 0.005 });
  await zone(door, 10, false);
  await applied(door, await command(door, true));
  await zone(door, 10, true);
  await decides('enough for today');
  await command(door, false);
});

test.each([
  ['while it rains', [{ field: 'rain_rate', unit: 'mm/h', value: 4 }], 'it rains 4 mm/h'],
  ['after rain', [{ value: 100 }, { value: 104.5 }], '4.5 mm of rain'],
])('%s it stays closed, however dry', async (_what, readings, reason) => {
  const door = await irrigate();
  const rain = { measurement: 'weather', field: 'rain', unit: 'mm', zone: '' };
  for (const reading of readings) await door.saysReading('weather', { ...rain, ...reading });
  await zone(door, 10, false);
  await decides(reason);
});

test('a rain gauge that starts again from zero has not rained', async () => {
  const door = await irrigate();
  const rain = { measurement: 'weather', field: 'rain', unit: 'mm', zone: '' };
  for (const value of [100, 0, 0.5]) await door.saysReading('weather', { ...rain, value });
  await zone(door, 10, false);
  await decides('watering');
});
