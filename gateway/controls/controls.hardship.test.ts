import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { METRICS, setUpControls } from './testing/fake-water.ts';

/* What the rules are worth when commands keep coming, disks fail, and things stop in the middle. */

const { V1, W1, PUMP } = METRICS;
const VALVES = [
  { device: 'valves', point: 'v1', flowLPerMin: { high: 40 } },
  { device: 'valves', point: 'v2' },
];
const GUARDED = { lines: [{ id: 'main', flow: { device: 'meter' }, valves: VALVES }] };
const PUMPED = {
  lines: [{ id: 'main', valves: VALVES, pump: { device: 'drive', runDownS: 60 } }],
};
const PUMP_ON = { device: 'drive', metric: 'irrigation/pump_state' };
const HILL = { device: 'hill', metric: 'irrigation/valve_state/w1' };

test('an outcome that the outbox may not have on disk yet is told again after a kill, as the same event', async () => {
  const first = setUpControls();
  first.setAllKept(false);
  await first.start();
  first.command({ id: 'one' });
  await first.live(60_000);
  const second = setUpControls({}, first.folder, first.water);
  await second.start();
  expect(second.events.filter(({ kind }) => kind === 'command')).toEqual([first.events[0]]);
  // The outbox has it, and has had the time to sync it.
  await second.live(12_000);
  const third = setUpControls({}, first.folder, first.water);
  await third.start();
  expect(third.outcomes()).toEqual([]);
});

test('a kill between the book and the outbox loses no outcome, and the one told is the one in the book', async () => {
  const first = setUpControls();
  await first.start();
  first.events.push = () => {
    throw new Error('killed here');
  };
  first.command({ id: 'one' });
  await first.clock.advance(100);
  expect(first.water.held.get(V1)).toBe(true);
  const second = setUpControls({}, first.folder, first.water);
  await second.start();
  expect(second.outcomes()).toEqual(['one applied']);
  expect(first.water.held.get(V1)).toBe(false);
});

test('a process that is killed between the two tells its outcome in its next run', async () => {
  const folder = temporaryFolder();
  const script = join(import.meta.dirname, 'testing/die-telling.ts');
  expect(spawnSync(process.execPath, [script, folder]).signal).toBe('SIGKILL');
  const next = setUpControls({}, folder);
  await next.start();
  expect(next.outcomes()).toEqual(['one applied']);
});

test('a valve whose lease is renewed every few seconds is guarded like any other', async () => {
  const { water, start, live, command, alarms } = setUpControls(GUARDED);
  await start();
  await live(20_000, { flow: 0 });
  for (let round = 0; round < 12 && alarms().length === 0; round++) {
    command();
    await live(5_000, { flow: 0.1 });
  }
  expect(alarms()).toEqual(['no-flow true']);
  expect(water.held.get(V1)).toBe(false);
});

test('a burst is seen though renewals come without a pause', async () => {
  const { water, start, live, command, alarms } = setUpControls(GUARDED);
  await start();
  await live(20_000, { flow: 0 });
  command();
  await live(20_000, { flow: 30 });
  water.writeMs = 900;
  for (let second = 0; second < 30 && alarms().length === 0; second++) {
    command();
    await live(1_000, { flow: 90 });
  }
  expect(alarms()).toEqual(['high-flow true']);
});

test('a leak is seen though somebody closes what is closed again and again', async () => {
  const { water, start, live, command, alarms } = setUpControls(GUARDED);
  await start();
  await live(20_000, { flow: 0 });
  water.writeMs = 900;
  for (let second = 0; second < 40 && alarms().length === 0; second++) {
    command({ value: false, leaseMs: 0 });
    await live(1_000, { flow: 12 });
  }
  expect(alarms()).toEqual(['leak true']);
});

test('an opening that was overtaken while it waited for its device is never begun', async () => {
  const { water, clock, start, command, outcomes } = setUpControls();
  await start();
  water.writeMs = 2_000;
  command({ metric: 'irrigation/valve_state/v2' });
  command();
  await clock.advance(100);
  command({ value: false });
  await clock.advance(20_000);
  expect(water.acts).toEqual(['valves v2 true']);
  expect(outcomes()).toEqual(['c2 failed', 'c1 applied', 'c3 applied']);
});

test('a stop waits for no pump that does not answer, and leaves no timer and no write behind', async () => {
  const { water, clock, controls, start, live, command, logged } = setUpControls(PUMPED);
  await start();
  command({ leaseMs: 600_000 });
  await live(1_000);
  command({ ...PUMP_ON, leaseMs: 300_000 });
  await live(1_000);
  water.silent.add('drive');
  const stopped = controls.stop();
  await clock.advance(3_000);
  await stopped;
  expect(water.held.get(V1)).toBe(false);
  expect(water.held.get(PUMP)).toBe(true);
  expect(logged().filter(({ msg }) => /MAY STAND OPEN/.test(msg))).toHaveLength(1);
  const asked = water.asked.length;
  await clock.advance(120_000);
  expect(water.asked).toHaveLength(asked);
  expect(clock.pendingTimers).toBe(0);
});

test('a valve waits once for its pump to run down, and not again when its lease ends', async () => {
  const { water, clock, start, live, command } = setUpControls(PUMPED);
  await start();
  command({ leaseMs: 120_000 });
  await live(1_000);
  command({ ...PUMP_ON, leaseMs: 300_000 });
  await live(1_000);
  water.silent.add('drive');
  await live(117_000);
  expect(water.held.get(V1)).toBe(true);
  await clock.advance(1_500);
  expect(water.held.get(V1)).toBe(false);
});

test('the ends of writes that come after the stop do nothing', async () => {
  const { water, clock, controls, start, command } = setUpControls();
  await start();
  command();
  await clock.advance(100);
  water.writeMs = 8_000;
  water.silent.add('valves');
  const stopped = controls.stop();
  await clock.advance(3_000);
  await stopped;
  const asked = water.asked.length;
  await clock.advance(60_000);
  expect(water.asked).toHaveLength(asked);
  expect(clock.pendingTimers).toBe(0);
});

test('a stop says also what it found open at its start and never reached', async () => {
  const { water, clock, controls, start, logged } = setUpControls();
  water.put(W1, true);
  water.silent.add('hill');
  await start();
  const stopped = controls.stop();
  await clock.advance(10);
  await stopped;
  expect(logged().filter(({ msg }) => /MAY STAND OPEN/.test(msg))).toMatchObject([
    { msg: expect.stringContaining('valve_state/w1 of hill') },
  ]);
});

test('a start that is called off waits for nobody', async () => {
  const { water, clock, controls } = setUpControls();
  water.writeMs = 4_000;
  const abort = new AbortController();
  const started = controls.start(abort.signal);
  abort.abort();
  await started;
  expect(clock.monotonicMs()).toBe(0);
  const stopped = controls.stop();
  await clock.advance(10);
  await stopped;
  await clock.advance(60_000);
  expect(clock.pendingTimers).toBe(0);
});

test('a command that comes when the gateway has stopped is for its next run', async () => {
  const first = setUpControls();
  await first.start();
  const stopped = first.controls.stop();
  await first.clock.advance(10);
  await stopped;
  first.command({ id: 'late' });
  expect(first.outcomes()).toEqual([]);
  const second = setUpControls({}, first.folder, first.water);
  await second.start();
  second.command({ id: 'late' });
  await second.clock.advance(100);
  expect(second.outcomes()).toEqual(['late applied']);
});

test('a command refused for want of a record stays refused, also when it comes again and the disk has room', async () => {
  const { clock, folder, start, command, outcomes, reasons, water } = setUpControls();
  await start();
  const other = new DatabaseSync(join(folder, 'commands.sqlite'));
  other.exec('BEGIN EXCLUSIVE');
  command({ id: 'one' });
  other.exec('ROLLBACK');
  other.close();
  command({ id: 'one' });
  await clock.advance(100);
  expect(outcomes()).toEqual(['one refused', 'one refused']);
  expect(reasons()[0]).toBe('COMMAND_NOT_RECORDED');
  command({ id: 'two' });
  await clock.advance(100);
  expect(outcomes().at(-1)).toBe('two applied');
  expect(water.acts).toEqual(['valves v1 true']);
});

test('dead devices on one bus are tried ever rarer together, and closed at once when heard', async () => {
  const { water, clock, controls, start } = setUpControls();
  water.put(V1, true);
  for (const device of ['valves', 'hill', 'drive', 'doser']) water.silent.add(device);
  await start();
  await clock.advance(60_000);
  const before = water.asked.length;
  await clock.advance(60_000);
  // Four devices, each every twenty seconds and not every five.
  expect(water.asked.length - before).toBeLessThanOrEqual(16);
  expect(water.asked.length - before).toBeGreaterThanOrEqual(8);
  water.silent.clear();
  controls.observe({ device: 'valves', timeMs: clock.nowMs(), isReached: true, samples: [] });
  await clock.advance(200);
  expect(water.held.get(V1)).toBe(false);
});

test('one device that is dead is tried every five seconds', async () => {
  const { water, clock, start } = setUpControls();
  water.silent.add('hill');
  await start();
  await clock.advance(30_000);
  const before = water.asked.length;
  await clock.advance(60_000);
  expect(water.asked.length - before).toBeGreaterThanOrEqual(11);
});

test.each([Number.POSITIVE_INFINITY, Number.MAX_SAFE_INTEGER, -1, Number.NaN])(
  'a lease of %s opens nothing, also where the point has one of its own',
  async (leaseMs) => {
    const { water, start, clock, command, outcomes } = setUpControls({
      points: [{ device: 'hill', defaultLeaseS: 30 }],
    });
    await start();
    command({ ...HILL, leaseMs });
    await clock.advance(100);
    expect(outcomes()).toEqual(['c1 refused']);
    expect(water.acts).toEqual([]);
  },
);

test.each([-1, Number.NaN, 1])(
  'an expiry of %s ms is long over, or none that can be read',
  async (expiresAtMs) => {
    const { water, clock, start, command, outcomes } = setUpControls();
    await start();
    command({ expiresAtMs });
    await clock.advance(100);
    expect(outcomes()[0]).toMatch(/expired|refused/);
    expect(water.acts).toEqual([]);
  },
);

test('an expiry far in the future lengthens no lease', async () => {
  const { water, clock, start, command } = setUpControls();
  await start();
  command({ expiresAtMs: clock.nowMs() + 1e12 });
  await clock.advance(60_200);
  expect(water.acts).toEqual(['valves v1 true', 'valves v1 false']);
});

test('a flood of commands costs a bounded time, opens nothing beyond it, and closes all the same', async () => {
  const { water, clock, start, command, reasons, outcomes } = setUpControls();
  await start();
  // A disk that takes 40 ms for each record.
  let disk = 0;
  const monotonicMs = clock.monotonicMs.bind(clock);
  clock.monotonicMs = () => {
    disk += 20;
    return monotonicMs() + disk;
  };
  for (let n = 0; n < 300; n++) command({ metric: 'irrigation/valve_state/v9' });
  command({ id: 'open', ...HILL });
  command({ id: 'shut', value: false, leaseMs: 0 });
  await clock.advance(200);
  expect(new Set(reasons()).has('COMMAND_POINT_UNKNOWN')).toBe(true);
  expect(outcomes()).toContain('open refused');
  expect(outcomes()).toContain('shut applied');
  expect(reasons()).toContain('COMMAND_FLOOD');
  expect(water.acts).toEqual([]);
});
