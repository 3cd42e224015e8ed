import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseGatewayEvent } from '../../core/gateway-event.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { FakeWater, METRICS, setUpControls } from './testing/fake-water.ts';

const { V1, V2, W1, PUMP, FLOW, PRESSURE } = METRICS;

const LINE = {
  id: 'main',
  valves: [
    { device: 'valves', point: 'v1' },
    { device: 'valves', point: 'v2' },
  ],
};
const V2_METRIC = 'irrigation/valve_state/v2';
const PUMP_ON = { device: 'drive', metric: 'irrigation/pump_state' };

test('the start closes what it finds open, and opens nothing before', async () => {
  const { water, start, command, outcomes, reasons } = setUpControls();
  water.put(V1, true);
  command();
  await start();
  expect(water.held.get(V1)).toBe(false);
  expect(outcomes()).toEqual(['c1 refused']);
  expect(reasons()).toEqual(['COMMAND_POINT_BUSY']);
});

test('a dead device holds up nobody at the start, and is closed when it comes back', async () => {
  const { water, clock, controls, start, live, command, outcomes, alarms } = setUpControls();
  water.put(V1, true);
  water.put(W1, true);
  water.silent.add('valves');
  await start();
  expect(water.held.get(W1)).toBe(false);
  command({ device: 'hill', metric: 'irrigation/valve_state/w1' });
  await live(20_000);
  expect(outcomes()).toEqual(['c1 applied']);
  expect(alarms()).toEqual(['cannot-close true']);
  water.silent.clear();
  controls.observe({ device: 'valves', timeMs: clock.nowMs(), isReached: true, samples: [] });
  await clock.advance(200);
  expect(water.held.get(V1)).toBe(false);
  expect(alarms()).toEqual(['cannot-close true', 'cannot-close false']);
});

test('eight silent points of one device cost one timeout each round', async () => {
  const { water, start, clock } = setUpControls();
  water.silent.add('valves');
  await start();
  const before = water.asked.length;
  await clock.advance(10_000);
  const rounds = water.asked.slice(before).filter(({ device }) => device === 'valves');
  expect(rounds.length).toBeLessThanOrEqual(5);
  expect(rounds.length).toBeGreaterThanOrEqual(2);
});

test('an opening is applied once read back, and closed when its lease is over', async () => {
  const { water, clock, start, live, command, outcomes, ended, events } = setUpControls();
  await start();
  const askedAtMs = clock.nowMs();
  command();
  await clock.advance(100);
  expect(outcomes()).toEqual(['c1 applied']);
  const [event] = events;
  expect(event).toMatchObject({ leaseEndsMs: askedAtMs + 60_000, issuer: 'tester', value: true });
  expect(parseGatewayEvent(JSON.stringify(event))).toEqual(event);
  await live(59_000);
  expect(water.held.get(V1)).toBe(true);
  await clock.advance(1_000);
  expect(water.held.get(V1)).toBe(false);
  expect(ended()).toEqual(['lapsed true']);
});

test.each([-86_400_000, 86_400_000])(
  'a wall clock that steps by %i ms leaves the lease as long as it was',
  async (stepMs) => {
    const { water, clock, start, live, command } = setUpControls();
    await start();
    command();
    await live(30_000);
    clock.stepWall(stepMs);
    await live(29_000);
    expect(water.held.get(V1)).toBe(true);
    await live(2_000);
    expect(water.held.get(V1)).toBe(false);
  },
);

test('a renewal replaces the lease, and the run stays bounded over all of them', async () => {
  const { water, start, live, command, outcomes, reasons } = setUpControls({
    points: [{ device: 'valves', point: 'v1', maxRunS: 100 }],
  });
  await start();
  command();
  await live(40_000);
  command({ leaseMs: 55_000 });
  await live(30_000);
  expect(water.held.get(V1)).toBe(true);
  command({ leaseMs: 55_000 });
  expect(outcomes()).toEqual(['c1 applied', 'c2 applied', 'c3 refused']);
  expect(reasons()[2]).toBe('COMMAND_LEASE_TOO_LONG');
  await live(31_000);
  expect(water.acts).toEqual(['valves v1 true', 'valves v1 false']);
});

test('what is wrong with a command is said, and nothing is written', async () => {
  const { water, clock, start, command, reasons, outcomes, setClockGood } = setUpControls();
  await start();
  const before = water.asked.length;
  command({ leaseMs: 0 });
  command({ leaseMs: 3_600_001 });
  command({ leaseMs: -5 });
  command({ leaseMs: Number.NaN });
  command({ metric: 'irrigation/valve_state/v9' });
  command({ device: 'doser', metric: 'irrigation/dose_ec', value: 4_000 });
  command({ value: 7 });
  command({ expiresAtMs: clock.nowMs() - 1 });
  command({ value: false, expiresAtMs: clock.nowMs() - 1 });
  setClockGood(false);
  command({ expiresAtMs: clock.nowMs() + 9_999 });
  command({ id: 'no id' });
  expect(reasons()).toEqual([
    'COMMAND_LEASE_MISSING',
    'COMMAND_LEASE_TOO_LONG',
    'COMMAND_LEASE_MISSING',
    'COMMAND_LEASE_MISSING',
    'COMMAND_POINT_UNKNOWN',
    'COMMAND_VALUE_INVALID',
    'COMMAND_VALUE_INVALID',
    'COMMAND_EXPIRED',
    'COMMAND_EXPIRED',
    'COMMAND_CLOCK_UNSYNCED',
    'COMMAND_ID_INVALID',
  ]);
  expect(new Set(outcomes().map((one) => one.split(' ').at(-1)))).toEqual(new Set(['refused', 'expired']));
  expect(water.asked).toHaveLength(before);
  command({ value: false, expiresAtMs: clock.nowMs() - 1 });
  await clock.advance(100);
  expect(outcomes().at(-1)).toMatch(/applied/);
});

test('a repeat is told the same and acts once, also after a restart', async () => {
  const first = setUpControls();
  await first.start();
  first.command({ id: 'once' });
  first.command({ id: 'once' });
  await first.clock.advance(100);
  first.command({ id: 'once' });
  expect(first.outcomes()).toEqual(['once applied', 'once applied']);
  expect(new Set(first.events.map(({ id }) => id)).size).toBe(1);
  const second = setUpControls({}, first.folder, first.water);
  await second.start();
  second.command({ id: 'once' });
  await second.clock.advance(100);
  expect(second.events[0]).toEqual(first.events[0]);
  expect(first.water.acts).toEqual(['valves v1 true', 'valves v1 false']);
});

test('a command under way when the gateway died is reported failed once, and its point closed', async () => {
  const first = setUpControls();
  await first.start();
  first.command({ id: 'cut' });
  await first.clock.advance(20);
  // The process is gone: only its file and the device remain.
  const second = setUpControls({}, first.folder, first.water);
  await second.start();
  expect(second.outcomes()).toEqual(['cut failed']);
  expect(second.reasons()).toEqual(['COMMAND_INTERRUPTED']);
  expect(first.water.held.get(V1)).toBe(false);
  const third = setUpControls({}, first.folder, first.water);
  await third.start();
  // It may have been told to nobody yet; it is the same event.
  expect(third.events).toEqual(second.events.filter(({ kind }) => kind === 'command'));
});

test('a read-back that differs is failed, and the point is closed', async () => {
  const { water, clock, start, command, outcomes, reasons } = setUpControls();
  await start();
  water.stuck.set(V1, false);
  command();
  await clock.advance(200);
  expect(outcomes()).toEqual(['c1 failed']);
  expect(reasons()).toEqual(['COMMAND_READ_BACK']);
  expect(water.asked.at(-1)).toMatchObject({ value: false, metric: V1 });
});

test('a device that is silent while opened is closed as soon as it is heard', async () => {
  const { water, clock, start, live, command, outcomes, ended } = setUpControls();
  await start();
  water.silent.add('valves');
  command();
  await clock.advance(100);
  // It had taken the command, and only its answer was lost.
  water.put(V1, true);
  await live(3_000);
  water.silent.clear();
  await live(2_000);
  expect(outcomes()).toEqual(['c1 failed']);
  expect(ended()).toEqual(['closed false', 'closed true']);
  expect(water.held.get(V1)).toBe(false);
});

test('a lease that ends while the line is cut is closed the moment the line is back', async () => {
  const { water, clock, controls, start, live, command, alarms, ended } = setUpControls();
  await start();
  command();
  await live(10_000);
  water.silent.add('valves');
  await clock.advance(120_000);
  expect(water.held.get(V1)).toBe(true);
  expect(alarms()).toEqual(['cannot-close true']);
  water.silent.clear();
  controls.observe({ device: 'valves', timeMs: clock.nowMs(), isReached: true, samples: [] });
  await clock.advance(100);
  expect(water.held.get(V1)).toBe(false);
  expect(ended()).toEqual(['lapsed false', 'lapsed true']);
  expect(alarms()).toEqual(['cannot-close true', 'cannot-close false']);
});

test('a close does not wait for an opening that hangs', async () => {
  const { water, clock, start, command, outcomes } = setUpControls();
  await start();
  water.writeMs = 10_000;
  command();
  await clock.advance(100);
  water.writeMs = 50;
  command({ value: false });
  await clock.advance(100);
  expect(outcomes()).toEqual(['c1 failed', 'c2 applied']);
  // The opening reaches the device after the close.
  await clock.advance(10_000);
  expect(water.acts).toEqual(['valves v1 true', 'valves v1 false']);
});

test('the stop closes what it had opened, and says loudly what it could not', async () => {
  const { water, clock, controls, start, command, logged, ended } = setUpControls();
  await start();
  command();
  command({ device: 'hill', metric: 'irrigation/valve_state/w1' });
  await clock.advance(100);
  water.silent.add('hill');
  const stopped = controls.stop();
  await clock.advance(3_000);
  await stopped;
  expect(water.held.get(V1)).toBe(false);
  expect(ended()).toContain('closed true');
  expect(logged().find(({ msg }) => /MAY STAND OPEN/.test(msg))?.msg).toContain('valve_state/w1 of hill');
  expect(clock.pendingTimers).toBe(0);
});

test('the stop says nothing of what a controller opened by itself, where that is allowed', async () => {
  const { water, clock, controls, start, live, logged } = setUpControls({
    points: [{ device: 'hill', unleased: 'allow', maxRunS: 120 }],
  });
  await start();
  water.put(W1, true);
  await live(5_000);
  const stopped = controls.stop();
  await clock.advance(3_000);
  await stopped;
  expect(water.held.get(W1)).toBe(true);
  expect(logged().filter(({ msg }) => /MAY STAND OPEN/.test(msg))).toEqual([]);
});

test('what somebody else opens is closed and told, or only told where that is said', async () => {
  const { water, start, live, alarms, ended } = setUpControls({
    points: [{ device: 'hill', unleased: 'report', maxRunS: 120 }],
  });
  await start();
  await live(20_000);
  water.put(V1, true);
  water.put(W1, true);
  await live(20_000);
  expect(water.held.get(V1)).toBe(false);
  expect(water.held.get(W1)).toBe(true);
  expect(ended()).toEqual(['unleased true']);
  expect(alarms()).toEqual(['unleased-open true', 'unleased-open true', 'unleased-open false']);
  await live(120_000);
  expect(water.held.get(W1)).toBe(false);
  expect(alarms()).toContain('max-run true');
});

test('a valve that takes the command and stays open is told, and tried on', async () => {
  const { water, start, live, command, alarms, controls, clock } = setUpControls();
  await start();
  command();
  await live(20_000);
  command({ value: false });
  await clock.advance(100);
  // The coil is off; the measured position is not.
  for (let second = 0; second < 60; second++) {
    await clock.advance(1_000);
    controls.observe({
      device: 'valves',
      timeMs: clock.nowMs(),
      isReached: true,
      samples: [{ metric: V1, value: true, quality: 'good' }],
    });
  }
  expect(alarms()).toEqual(['cannot-close true']);
  const closes = water.asked.filter(({ metric, value }) => metric === V1 && value === false);
  expect(closes.length).toBeGreaterThanOrEqual(5);
  await live(2_000);
  expect(alarms()).toEqual(['cannot-close true', 'cannot-close false']);
});

test('a device that closes by itself ends the lease', async () => {
  const { water, start, live, command, ended, events } = setUpControls();
  await start();
  command();
  await live(20_000);
  water.put(V1, false);
  await live(2_000);
  expect(ended()).toEqual(['closed true']);
  expect(events.at(-1)).toMatchObject({ command: 'c1', reason: { code: 'COMMAND_CLOSED_BY_DEVICE' } });
});

test('leak: everything is closed, and stays so until a person has acknowledged, also over a restart', async () => {
  const config = { lines: [{ ...LINE, flow: { device: 'meter' } }] };
  const first = setUpControls(config);
  await first.start();
  await first.live(20_000, { flow: 0 });
  await first.live(40_000, { flow: 12 });
  expect(first.alarms()).toEqual(['leak true']);
  const leak = first.events.find(({ kind }) => kind === 'safety');
  expect(leak).toMatchObject({
    value: 12,
    bound: 2,
    unit: 'L/min',
    closed: [{ metric: 'irrigation/valve_state/v1' }, { metric: V2_METRIC }],
  });
  await first.live(60_000, { flow: 0 });
  first.command();
  expect(first.reasons()).toEqual(['COMMAND_INTERLOCKED']);
  const second = setUpControls(config, first.folder, first.water);
  await second.start();
  await second.live(20_000, { flow: 0 });
  second.command({ id: 'again' });
  const lock = { device: '', metric: 'irrigation/interlock/main', value: 0, leaseMs: 0 };
  second.command({ id: 'seen-to', ...lock });
  second.command({ id: 'now' });
  await second.live(1_000, { flow: 0 });
  expect(second.outcomes().slice(1)).toEqual(['again refused', 'seen-to applied', 'now applied']);
});

test('water through what a controller opened by itself is no leak, and is shut off where it is too much', async () => {
  const { water, start, live, alarms } = setUpControls({
    lines: [
      {
        id: 'main',
        flow: { device: 'meter' },
        valves: [{ device: 'valves', point: 'v1', unleased: 'allow', flowLPerMin: { low: 20, high: 40 } }],
      },
    ],
  });
  await start();
  await live(20_000, { flow: 0 });
  water.put(V1, true);
  await live(60_000, { flow: 30 });
  expect(alarms()).toEqual([]);
  await live(60_000, { flow: 60 });
  expect(alarms()).toEqual(['high-flow true']);
  expect(water.held.get(V1)).toBe(false);
});

test('a leak that still runs cannot be acknowledged away', async () => {
  const { start, live, command, outcomes } = setUpControls({
    lines: [{ ...LINE, flow: { device: 'meter' } }],
  });
  await start();
  await live(60_000, { flow: 12 });
  command({ device: '', metric: 'irrigation/interlock/main', value: 0, leaseMs: 0 });
  expect(outcomes()).toEqual(['c1 refused']);
});

test('no flow closes, holds the line shut for a while and then lets go by itself', async () => {
  const { water, start, live, command, alarms, outcomes, reasons } = setUpControls({
    lines: [{ ...LINE, flow: { device: 'meter' }, holdOffS: 100 }],
  });
  await start();
  await live(20_000, { flow: 0 });
  command({ leaseMs: 600_000 });
  await live(60_000, { flow: 0.2 });
  expect(alarms()).toEqual(['no-flow true']);
  expect(water.held.get(V1)).toBe(false);
  command();
  await live(120_000, { flow: 0 });
  command();
  await live(1_000, { flow: 0 });
  expect(alarms()).toEqual(['no-flow true', 'no-flow false']);
  expect(outcomes()).toEqual(['c1 applied', 'c2 refused', 'c3 applied']);
  expect(reasons()[1]).toBe('COMMAND_INTERLOCKED');
});

test('high flow closes until acknowledged; low flow is told and closes nothing', async () => {
  const valves = [
    { device: 'valves', point: 'v1', flowLPerMin: { low: 20, high: 40 } },
    { device: 'valves', point: 'v2', flowLPerMin: { low: 20, high: 40 } },
  ];
  const { water, start, live, command, alarms, events } = setUpControls({
    lines: [{ id: 'main', flow: { device: 'meter' }, valves }],
  });
  await start();
  await live(20_000, { flow: 0 });
  command({ leaseMs: 600_000 });
  await live(50_000, { flow: 10 });
  expect(alarms()).toEqual(['low-flow true']);
  expect(water.held.get(V1)).toBe(true);
  command({ metric: V2_METRIC, leaseMs: 600_000 });
  await live(60_000, { flow: 75 });
  expect(alarms()).toEqual(['low-flow true', 'low-flow false']);
  await live(30_000, { flow: 85 });
  expect(alarms()).toEqual(['low-flow true', 'low-flow false', 'high-flow true']);
  expect(events.findLast(({ kind }) => kind === 'safety')).toMatchObject({ value: 85, bound: 80 });
  expect([V1, V2].map((one) => water.held.get(one))).toEqual([false, false]);
});

test('low pressure closes what is open', async () => {
  const { water, start, live, command, alarms } = setUpControls({
    lines: [{ ...LINE, pressure: { device: 'meter' }, lowPressure: { belowKPa: 100 } }],
  });
  await start();
  await live(20_000, { pressure: 20 });
  expect(alarms()).toEqual([]);
  command({ leaseMs: 600_000 });
  await live(60_000, { pressure: 50 });
  expect(alarms()).toEqual(['low-pressure true']);
  expect(water.held.get(V1)).toBe(false);
});

test('a silent meter is told, and nothing is opened that it should guard; what is open runs out its lease', async () => {
  const { water, start, live, command, alarms, outcomes } = setUpControls({
    lines: [{ ...LINE, flow: { device: 'meter' } }],
  });
  await start();
  command();
  await live(5_000, { flow: 0 });
  command();
  await live(5_000, { flow: 30 });
  await live(40_000);
  expect(alarms()).toEqual(['meter-silent true']);
  command();
  expect(outcomes()).toEqual(['c1 refused', 'c2 applied', 'c3 refused']);
  expect(water.held.get(V1)).toBe(true);
  await live(20_000);
  expect(water.held.get(V1)).toBe(false);
  await live(2_000, { flow: 0 });
  expect(alarms()).toEqual(['meter-silent true', 'meter-silent false']);
});

test('a reading that the meter marks bad is none', async () => {
  const { controls, clock, start, live, command, outcomes } = setUpControls({
    lines: [{ ...LINE, flow: { device: 'meter' } }],
  });
  await start();
  controls.observe({
    device: 'meter',
    timeMs: clock.nowMs(),
    isReached: true,
    samples: [{ metric: FLOW, value: 5, quality: 'bad' }],
  });
  await live(1_000);
  command();
  expect(outcomes()).toEqual(['c1 refused']);
});

test('the pump runs only behind an open valve, and stops before the last one closes', async () => {
  const { water, clock, start, live, command, outcomes, reasons } = setUpControls({
    lines: [{ ...LINE, pump: { device: 'drive' } }],
  });
  await start();
  command(PUMP_ON);
  expect(reasons()).toEqual(['COMMAND_INTERLOCKED']);
  command();
  await live(1_000);
  command({ ...PUMP_ON, leaseMs: 600_000 });
  await live(56_900);
  expect(water.held.get(PUMP)).toBe(true);
  await clock.advance(300);
  expect(water.held.get(PUMP)).toBe(false);
  expect(water.held.get(V1)).toBe(true);
  await clock.advance(2_000);
  expect(outcomes()).toEqual(['c1 refused', 'c2 applied', 'c3 applied']);
  expect(water.acts).toEqual(['valves v1 true', 'drive true', 'drive false', 'valves v1 false']);
});

test('whoever closes the last valve stops the pump first; one that does not stop holds no valve open', async () => {
  const { water, clock, start, live, command } = setUpControls({
    lines: [{ ...LINE, pump: { device: 'drive' } }],
  });
  await start();
  command();
  await live(1_000);
  command({ ...PUMP_ON });
  await live(1_000);
  water.silent.add('drive');
  command({ value: false });
  await clock.advance(1_500);
  expect(water.held.get(V1)).toBe(true);
  await clock.advance(1_000);
  expect(water.held.get(V1)).toBe(false);
  water.silent.clear();
  await live(6_000);
  expect(water.acts.at(-1)).toBe('drive false');
});

test('a pump that somebody starts behind closed valves is stopped', async () => {
  const { water, start, live, alarms } = setUpControls({
    lines: [{ ...LINE, pump: { device: 'drive', unleased: 'report' } }],
  });
  await start();
  await live(20_000);
  water.put(PUMP, true);
  await live(5_000);
  expect(water.held.get(PUMP)).toBe(false);
  expect(alarms()).toContain('dry-pump true');
});

test('of two lines that exclude each other one is open at a time', async () => {
  const { water, start, live, command, outcomes, reasons, alarms } = setUpControls({
    lines: [
      { ...LINE, exclusive: 'well' },
      { id: 'hill', exclusive: 'well', valves: [{ device: 'hill', unleased: 'report' }] },
    ],
  });
  await start();
  await live(20_000);
  command();
  await live(1_000);
  command({ device: 'hill', metric: 'irrigation/valve_state/w1' });
  expect(outcomes()).toEqual(['c1 applied', 'c2 refused']);
  expect(reasons()[1]).toBe('COMMAND_INTERLOCKED');
  water.put(W1, true);
  await live(3_000);
  expect(alarms()).toContain('exclusive-lines true');
  expect([V1, W1].map((one) => water.held.get(one))).toEqual([true, false]);
});

test('a sleeping device: the lease begins when it has woken, and a close is told as not confirmed', async () => {
  const { water, clock, controls, start, command, outcomes, ended } = setUpControls();
  water.sleeping.add('hill');
  await start();
  const safe = water.asked.find(({ device }) => device === 'hill')!;
  controls.settleWrite(safe.id, { kind: 'done', value: false });
  command({ device: 'hill', metric: 'irrigation/valve_state/w1' });
  const opening = water.asked.at(-1)!;
  expect(opening).toMatchObject({ id: 'c1', leaseMs: 60_000, notAfterMs: clock.monotonicMs() + 60_000 });
  await clock.advance(30_000);
  controls.settleWrite('c1', { kind: 'done', value: true });
  expect(outcomes()).toEqual(['c1 applied']);
  const before = water.asked.length;
  await clock.advance(59_000);
  expect(water.asked).toHaveLength(before);
  await clock.advance(1_000);
  expect(water.asked.at(-1)).toMatchObject({ value: false, leaseMs: 0 });
  expect(ended()).toEqual(['lapsed false']);
  controls.settleWrite(water.asked.at(-1)!.id, { kind: 'done', value: false });
  expect(ended()).toEqual(['lapsed false', 'lapsed true']);
  command({ device: 'hill', metric: 'irrigation/valve_state/w1' });
  controls.settleWrite('c2', { kind: 'expired' });
  expect(outcomes()).toEqual(['c1 applied', 'c2 expired']);
});

test('an opening of an earlier life that reaches its device now is closed again', async () => {
  const first = setUpControls();
  await first.start();
  first.water.sleeping.add('hill');
  first.command({ id: 'old', device: 'hill', metric: 'irrigation/valve_state/w1' });
  await first.clock.advance(10);
  first.water.sleeping.clear();
  const second = setUpControls({}, first.folder, first.water);
  await second.start();
  expect(second.outcomes()).toEqual(['old failed']);
  first.water.put(W1, true);
  second.controls.settleWrite('old', { kind: 'done', value: true });
  await second.clock.advance(100);
  expect(first.water.held.get(W1)).toBe(false);
});

test('with a folder that cannot be written nothing opens, and everything closes', async () => {
  const folder = join(temporaryFolder(), 'file');
  writeFileSync(folder, '');
  const { water, clock, start, command, outcomes, reasons } = setUpControls({}, folder);
  water.put(V1, true);
  await start();
  expect(water.held.get(V1)).toBe(false);
  command();
  command({ value: false });
  await clock.advance(100);
  expect(outcomes()).toEqual(['c1 refused', 'c2 applied']);
  expect(reasons()[0]).toBe('COMMAND_NOT_RECORDED');
});

test('a report that cannot be sent keeps nothing from being closed', async () => {
  const { water, clock, start, command, events } = setUpControls();
  await start();
  events.push = () => {
    throw new Error('the disk is full');
  };
  command();
  await clock.advance(100);
  expect(water.held.get(V1)).toBe(true);
  await clock.advance(60_000);
  expect(water.held.get(V1)).toBe(false);
});

test('how long a valve stays open, and whether its line is locked, are readings', async () => {
  const { controls, clock, start, live, command, see } = setUpControls({
    lines: [{ ...LINE, flow: { device: 'meter' } }],
  });
  await start();
  await live(1_000, { flow: 0 });
  command();
  await clock.advance(3_000);
  const { samples } = see('valves', [[V1, true]]);
  const left = samples.find(
    ({ metric }) => metric.quantity.field === 'lease_remaining' && metric.point === 'v1',
  );
  expect(left).toMatchObject({ value: 60, metric: { zone: 'north' } });
  expect(controls.readings.locks().samples).toMatchObject([{ value: 0, metric: { point: 'main' } }]);
});

test.each([
  [
    { lines: [{ id: 'a', valves: [{ device: 'nobody' }] }] },
    /lines\[0\]\.valves\[0\]\.device: there is no device "nobody"/,
  ],
  [
    { lines: [{ id: 'a', valves: [{ device: 'valves' }] }] },
    /valves\[0\]\.point: missing; "valves" has v1, v2/,
  ],
  [
    { lines: [{ id: 'a', valves: [{ device: 'valves', point: 'v3' }] }] },
    /has no a valve that can be commanded at "v3"/,
  ],
  [{ lines: [{ id: 'a', valves: [{ device: 'meter' }] }] }, /device "meter" has no/],
  [{ lines: [LINE, { ...LINE, id: 'b' }] }, /stands twice/],
  [{ lines: [LINE, { id: 'main', valves: [{ device: 'hill' }] }] }, /line id "main" stands twice/],
  [{ lines: [{ ...LINE, lowPressure: { belowKPa: 100 } }] }, /lowPressure: needs "pressure"/],
  [{ lines: [{ ...LINE, flow: { device: 'valves' } }] }, /\.flow: device "valves" has no/],
  [{ lines: [{ ...LINE, valves: [] }] }, /valves/],
  [{ points: [{ device: 'valves', point: 'v1', maxRunS: 0 }] }, /maxRunS/],
])('a mistake in the settings is named: %j', (config, words) => {
  expect(() => setUpControls(config, temporaryFolder(), new FakeWater(new FakeClock()))).toThrow(words);
});

test('pressure of a line is found by its quantity', () => {
  expect(() => setUpControls({ lines: [{ ...LINE, pressure: { device: 'meter' } }] })).not.toThrow();
  expect(PRESSURE.quantity.field).toBe('pressure');
});
