import { expect, test } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { JsonDoor } from './testing/json-door.ts';
import { type FlowNode, Runtime } from './testing/runtime.ts';

const runtime = Runtime.forThisFile();
const MINUTE_MS = 60_000;

function flowOf(door: JsonDoor, config: Record<string, unknown> = {}): readonly FlowNode[] {
  const broker = { id: 'broker', type: 'sluice-broker', url: door.url, site: door.site };
  const valve: FlowNode = {
    id: 'valve',
    type: 'sluice-valve',
    broker: 'broker',
    gateway: 'pump-house',
    device: 'valves',
    metric: 'irrigation/valve_state/v1',
    leaseMin: '10',
    renew: true,
    ...config,
  };
  return [{ ...broker, credentials: { user: 'irrigation', password: 'weed' } }, valve];
}

async function valveNode(config: Record<string, unknown> = {}): Promise<JsonDoor> {
  const door = await JsonDoor.start();
  await runtime.deploy(flowOf(door, config));
  await runtime.shows('valve', 'connected');
  return door;
}

function command(door: JsonDoor, index: number) {
  return eventually(() => door.commands[index]);
}

/** Resolves when everything that the node was going to send has arrived: a command of another goes the same way. */
async function settled(door: JsonDoor): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await door.says('command/marker', { id: 'marker' });
  await eventually(() => door.commands.at(-1)?.user === 'marker');
  door.commands.pop();
}

test('"open" is a command under its own user, with a lease; its outcome goes out in the train of the message', async () => {
  const door = await valveNode();
  runtime.give('valve', { payload: 'open', reason: 'dry' });
  const { user, command: sent } = await command(door, 0);
  expect(user).toBe('irrigation');
  expect(sent).toEqual({
    id: expect.stringMatching(/^nr-[0-9a-f-]{36}$/),
    gateway: 'pump-house',
    device: 'valves',
    metric: 'irrigation/valve_state/v1',
    value: true,
    leaseS: 600,
    validForS: 30,
  });
  await runtime.shows('valve', 'opening…');
  const leaseEndsMs = Date.now() + 10 * MINUTE_MS;
  await door.says('outcome/irrigation', { id: sent.id, state: 'sent' });
  await door.says('outcome/irrigation', { id: sent.id, state: 'done', outcome: 'applied', leaseEndsMs });
  await runtime.shows('valve', 'open, 10 min left');
  expect(runtime.sent('valve')).toEqual([
    expect.objectContaining({ payload: 'sent', reason: 'dry' }),
    expect.objectContaining({
      payload: 'applied',
      reason: 'dry',
      topic: 'pump-house/valves/irrigation/valve_state/v1',
      command: expect.objectContaining({ id: sent.id, value: true, leaseEndsMs }),
    }),
  ]);
});

test('closing needs no lease', async () => {
  const door = await valveNode();
  runtime.give('valve', { payload: false });
  expect((await command(door, 0)).command).toMatchObject({ value: false, leaseS: 0 });
  await runtime.shows('valve', 'closing…');
});

test('with renewing, repeats in the first half of the lease cost no command, one in the second half renews', async () => {
  const door = await valveNode({ leaseMin: '0.01' });
  runtime.give('valve', { payload: 'open' });
  const first = await command(door, 0);
  await door.says('outcome/irrigation', { id: first.command.id, state: 'done', outcome: 'applied' });
  const appliedMs = Date.now();
  await eventually(() => runtime.sent('valve').length === 1);
  await eventually(() => {
    runtime.give('valve', { payload: 'open' });
    return door.commands.length === 2;
  });
  expect(Date.now() - appliedMs).toBeGreaterThan(200);
  expect(door.commands[1]?.command).toMatchObject({ value: true, leaseS: 1 });
});

test('nobody asking, nothing is renewed: the lease runs out and that is shown', async () => {
  const door = await valveNode({ leaseMin: '0.005' });
  runtime.give('valve', { payload: 'open' });
  const { id } = (await command(door, 0)).command;
  const leaseEndsMs = Date.now() + 300;
  await door.says('outcome/irrigation', { id, state: 'done', outcome: 'applied', leaseEndsMs });
  await runtime.shows('valve', 'open, 1 min left');
  const event = { id: 'e1', kind: 'lease-ended', cause: 'lapsed', isConfirmed: true, gateway: 'pump-house' };
  await eventually(() => Date.now() > leaseEndsMs + 300);
  await door.says('event', { ...event, device: 'valves', metric: 'irrigation/valve_state/v1' });
  await runtime.shows('valve', 'closed: the lease is over');
  await settled(door);
  expect(door.commands).toHaveLength(1);
});

test('without renewing, every message is one command', async () => {
  const door = await valveNode({ renew: false });
  for (const payload of [true, true, 'open']) runtime.give('valve', { payload, leaseMin: 2 });
  await command(door, 2);
  expect(door.commands.map((one) => one.command.leaseS)).toEqual([120, 120, 120]);
  expect(new Set(door.commands.map((one) => one.command.id)).size).toBe(3);
});

test('a refusal goes out with its reason, is shown, and is not asked again at once', async () => {
  const door = await valveNode();
  runtime.give('valve', { payload: 'open' });
  const { id } = (await command(door, 0)).command;
  const reason = { code: 'INTERLOCK', en: 'the pump is off', zh: '水泵未运行' };
  await door.says('outcome/irrigation', { id, state: 'done', outcome: 'refused', reason });
  await runtime.shows('valve', 'refused: the pump is off');
  expect(runtime.sent('valve')[0]).toMatchObject({ payload: 'refused', command: { reason } });
  runtime.give('valve', { payload: 'open' });
  await settled(door);
  expect(door.commands).toHaveLength(1);
});

test('a gateway that keeps silent is shown, and what it says late still goes out', async () => {
  const door = await valveNode();
  runtime.give('valve', { payload: 'open' });
  const { id } = (await command(door, 0)).command;
  await door.says('outcome/irrigation', { id, state: 'unanswered' });
  await runtime.shows('valve', 'no answer from the gateway');
  await door.says('outcome/irrigation', { id, state: 'applied', outcome: 'applied' });
  await runtime.shows('valve', 'open, 10 min left');
  expect(runtime.sent('valve').map(({ payload }) => payload)).toEqual(['unanswered', 'applied']);
});

test('without a connection a command is refused at once and never sent later', async () => {
  const door = await valveNode();
  await door.stop();
  await runtime.shows('valve', /^disconnected/);
  runtime.give('valve', { payload: 'open' });
  const refused = () => runtime.complaints.filter((line) => line.includes('will not be sent later'));
  await eventually(() => refused().length > 0);
  for (let count = 0; count < 5; count++) runtime.give('valve', { payload: 'open' });
  await door.open();
  await runtime.shows('valve', 'connected');
  await settled(door);
  expect(door.commands).toEqual([]);
  expect(refused()).toHaveLength(1);
  runtime.give('valve', { payload: 'open' });
  await command(door, 0);
});

test('a command that the broker took no notice of is given up with the connection', async () => {
  const door = await valveNode();
  door.isMute = true;
  runtime.give('valve', { payload: 'open' });
  await eventually(() => door.unanswered.length === 1);
  await door.stop();
  await eventually(() => runtime.complaints.some((line) => line.includes('the connection closed before')));
  door.isMute = false;
  await door.open();
  await runtime.shows('valve', 'connected');
  await settled(door);
  expect(door.commands).toEqual([]);
});

test('redeploying ends the connection and leaves nothing that renews', async () => {
  const door = await valveNode({ leaseMin: '0.01' });
  runtime.give('valve', { payload: 'open' });
  const { id } = (await command(door, 0)).command;
  await door.says('outcome/irrigation', { id, state: 'done', outcome: 'applied' });
  await eventually(() => runtime.sent('valve').length === 1);
  const appliedMs = Date.now();
  await runtime.deploy(flowOf(door, { leaseMin: '0.01' }));
  await runtime.shows('valve', 'connected');
  await eventually(() => Date.now() - appliedMs > 1_000);
  expect(door.commands).toHaveLength(1);
  expect(door.logins).toEqual(['irrigation:weed', 'irrigation:weed']);
});

test.each([
  [{ payload: 'perhaps' }, '"perhaps" is no wish'],
  [{ payload: null }, '"null" is no wish'],
  [{ payload: true, leaseMin: 0 }, 'a lease of 0 min is not possible'],
  [{ payload: true, leaseMin: 100_000 }, 'a lease of 100000 min is not possible'],
])('%o is refused: %s', async (message, words) => {
  const door = await valveNode();
  runtime.give('valve', message);
  await eventually(() => runtime.complaints.some((line) => line.includes(words)));
  await settled(door);
  expect(door.commands).toEqual([]);
});

test('a wrong password is shown where it matters', async () => {
  const door = await JsonDoor.start();
  door.authenticate = () => false;
  await runtime.deploy(flowOf(door));
  await runtime.shows('valve', 'disconnected: Connection refused: Bad username or password');
});

test.each([
  [{ url: 'http://127.0.0.1' }, 'the address of the broker cannot be read'],
  [{ url: 'mqtt://user:secret@127.0.0.1' }, 'do not belong in the address'],
  [{ site: 'a/b' }, 'the site must be'],
])('broker settings %o: %s', async (settings, words) => {
  const door = await JsonDoor.start();
  const [broker, valve] = flowOf(door);
  await runtime.deploy([{ ...broker!, ...settings }, valve!]);
  await runtime.shows('valve', 'no broker set');
  expect(runtime.complaints.join()).toContain(words);
  expect(runtime.complaints.join()).not.toContain('secret@');
});
