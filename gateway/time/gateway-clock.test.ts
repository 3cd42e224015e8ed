import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createLog } from '../../core/log.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { ClockChange, SystemEvidence } from './clock-machine.ts';
import { GatewayClock } from './gateway-clock.ts';
import { KeptTimeFile } from './kept-time-file.ts';

const TRUE_START = Date.UTC(2026, 10, 22, 12);
const SECOND = 1_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const WEEK = 7 * DAY;

/** A machine in the world: what time it really is, what its clock shows, and what its system says of that. */
class Machine {
  readonly folder = temporaryFolder();
  readonly changes: ClockChange[] = [];
  evidence: SystemEvidence = 'unknown';
  bootId = 'boot-1';
  isOfMachine = true;
  system: FakeClock;
  clock!: GatewayClock;
  /** UTC at 0 of the present boot. */
  trueBaseMs: number;

  constructor(systemMs = TRUE_START, trueMs = TRUE_START) {
    this.system = new FakeClock(systemMs);
    this.trueBaseMs = trueMs;
    onTestFinished(() => this.clock?.stop());
  }

  get trueMs(): number {
    return this.trueBaseMs + this.system.monotonicMs();
  }

  /** How far the gateway's time is off. */
  get offMs(): number {
    return this.clock.nowMs() - this.trueMs;
  }

  async start(evidence: SystemEvidence = this.evidence): Promise<GatewayClock> {
    this.evidence = evidence;
    this.clock = new GatewayClock({
      system: this.system,
      boot: { id: this.bootId, isOfMachine: this.isOfMachine, sinceBootMs: 0 },
      keptTime: new KeptTimeFile(this.folder),
      evidence: { now: () => this.evidence, refresh: async () => {} },
      log: createLog('silent'),
    });
    this.clock.onChange((change) => this.changes.push(change));
    this.clock.start();
    await this.system.advance(0);
    return this.clock;
  }

  /** Off for `offMs`, and then started with `systemMs` on its clock. */
  async reboot(offMs: number, systemMs: number, evidence: SystemEvidence = 'unknown'): Promise<GatewayClock> {
    const { trueMs } = this;
    this.clock.stop();
    this.bootId += '+';
    this.system = new FakeClock(systemMs);
    this.trueBaseMs = trueMs + offMs;
    return this.start(evidence);
  }

  /** A receiver speaks each second, `offMs` beside the truth. */
  async receive(seconds: number, offMs: number | ((second: number) => number) = 0): Promise<void> {
    for (let second = 0; second < seconds; second++) {
      const byMs = typeof offMs === 'number' ? offMs : offMs(second);
      const monotonicMs = this.clock.monotonicMs();
      this.clock.observe({ source: 'gnss', utcMs: this.trueMs + byMs, monotonicMs, errorMs: 300 });
      await this.system.advance(SECOND);
    }
  }
}

test('a clock that NTP disciplines is believed and followed, slewing and all', async () => {
  const machine = new Machine();
  const clock = await machine.start('disciplined');
  expect(clock).toMatchObject({ state: 'synced', source: 'system' });
  machine.system.stepWall(3);
  expect(machine.offMs).toBe(3);
  expect(machine.changes).toEqual([{ kind: 'synced', source: 'system', byMs: 0 }]);
});

test('a clock that NTP has yet to set is unsynced, however right it looks', async () => {
  const clock = await new Machine().start('undisciplined');
  expect(clock).toMatchObject({ state: 'unsynced', source: '' });
});

test('a time from before the machine ran is a device’s own, and is not shifted with ours', async () => {
  const clock = await new Machine(TRUE_START + 365 * DAY).start('undisciplined');
  expect(clock.stamp(TRUE_START)).toEqual({ timeMs: TRUE_START, clock: 'unsynced' });
});

test('late NTP: what was stamped before gets its true time, once the clock is set', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  const clock = await machine.start('undisciplined');
  let learned = 0;
  clock.onLearned(() => learned++);
  await machine.system.advance(HOUR);
  const { trueMs } = machine;
  const stamp = clock.stamp(clock.nowMs());
  expect(stamp).toMatchObject({ clock: 'unsynced', moment: { boot: 'boot-1', monotonicMs: HOUR } });
  expect(clock.utcOf('boot-1', HOUR)).toBeUndefined();
  await machine.system.advance(HOUR);
  machine.system.stepWall(machine.trueMs - machine.system.nowMs());
  machine.evidence = 'disciplined';
  await machine.system.advance(SECOND);
  expect(clock.state).toBe('synced');
  expect(learned).toBe(1);
  expect(clock.utcOf(stamp.moment!.boot, stamp.moment!.monotonicMs)).toBe(trueMs);
  expect(clock.utcOf('another boot', 0)).toBeUndefined();
  await machine.system.advance(HOUR);
  expect(learned).toBe(1);
});

test('while unsynced, stamps are of this century and do not follow a clock that is set at random', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  const clock = await machine.start('undisciplined');
  const before = clock.nowMs();
  expect(before).toBeGreaterThanOrEqual(Date.UTC(2026, 0, 1));
  machine.system.stepWall(5 * DAY);
  await machine.system.advance(SECOND);
  expect(clock.nowMs() - before).toBe(SECOND);
});

test('nothing known of the system clock: a time after the last good one is taken', async () => {
  const machine = new Machine();
  await machine.start('unknown');
  expect(machine.clock.state).toBe('synced');
  await machine.system.advance(HOUR);
  await machine.reboot(10 * DAY, machine.trueMs + 10 * DAY);
  expect(machine.clock.state).toBe('synced');
});

test.each([
  ['in 1970', () => 0],
  ['when the box was last shut down', (stoppedMs: number) => stoppedMs],
  ['a little later than that, as a saved clock may', (stoppedMs: number) => stoppedMs + 600_000],
])('a dead battery: a clock that starts %s is not believed', async (_, startsAt) => {
  const machine = new Machine();
  await machine.start('unknown');
  await machine.system.advance(HOUR);
  const stoppedMs = machine.clock.nowMs();
  await machine.reboot(3 * DAY, startsAt(stoppedMs));
  expect(machine.clock.state).toBe('unsynced');
  expect(machine.clock.nowMs()).toBeGreaterThanOrEqual(stoppedMs);
  // Nor does it become true by waiting.
  await machine.system.advance(3 * HOUR);
  expect(machine.clock.state).toBe('unsynced');
  // Somebody sets it.
  machine.system.stepWall(machine.trueMs - machine.system.nowMs());
  await machine.system.advance(SECOND);
  expect(machine.clock.state).toBe('synced');
  expect(machine.offMs).toBe(0);
});

test('a short power cut with a good battery: its clock agrees with the system’s, which is then taken', async () => {
  const machine = new Machine();
  await machine.start('unknown');
  await machine.system.advance(HOUR);
  await machine.reboot(60_000, machine.trueMs + 60_000, 'rtc');
  expect(machine.clock.state).toBe('synced');
});

test('a process that is started anew goes on where the last one was, the machine’s clock being wrong', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  await machine.start('undisciplined');
  await machine.receive(10);
  machine.clock.stop();
  await machine.system.advance(HOUR);
  await machine.start('undisciplined');
  expect(machine.clock).toMatchObject({ state: 'synced', source: 'gnss' });
  expect(machine.offMs).toBe(0);
});

test('where boots have no name, no monotonic time of an earlier process is used', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  machine.isOfMachine = false;
  await machine.start('undisciplined');
  await machine.receive(10);
  machine.clock.stop();
  await machine.start('undisciplined');
  expect(machine.clock.state).toBe('unsynced');
});

test('GNSS gives the time where the system clock is wrong, and the system clock is left alone', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  await machine.start('unknown');
  await machine.receive(2);
  expect(machine.clock.state).toBe('unsynced');
  await machine.receive(1);
  expect(machine.clock).toMatchObject({ state: 'synced', source: 'gnss' });
  expect(machine.offMs).toBe(0);
  expect(machine.clock.status().systemOffsetMs).toBe(-TRUE_START);
  // A system clock that GNSS has shown to be wrong is not taken when GNSS falls silent.
  await machine.system.advance(25 * HOUR);
  expect(machine.clock.state).toBe('unsynced');
  expect(machine.offMs).toBe(0);
});

test('GNSS, then NTP: the better source takes over, and the receiver stays a witness', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  await machine.start('undisciplined');
  await machine.receive(10, 200);
  expect(machine.offMs).toBe(200);
  machine.system.stepWall(machine.trueMs - machine.system.nowMs());
  machine.evidence = 'disciplined';
  await machine.receive(10, 200);
  expect(machine.clock.source).toBe('system');
  expect(machine.offMs).toBe(0);
  expect(machine.clock.status().systemOffsetMs).toBe(-200);
});

test('GNSS corrects a system clock that was merely assumed to be right', async () => {
  const machine = new Machine(TRUE_START + 90_000);
  await machine.start('unknown');
  expect(machine.offMs).toBe(90_000);
  await machine.receive(3);
  expect(machine.offMs).toBe(0);
  expect(machine.changes.at(-1)).toMatchObject({ kind: 'synced', source: 'gnss', byMs: -90_000 });
});

test('NTP sets the clock back: followed at once, and told', async () => {
  const machine = new Machine(TRUE_START + HOUR);
  await machine.start('disciplined');
  machine.system.stepWall(-HOUR);
  expect(machine.offMs).toBe(0);
  expect(machine.changes.slice(1)).toEqual([
    { kind: 'system-stepped', byMs: -HOUR },
    { kind: 'synced', source: 'system', byMs: -HOUR },
  ]);
});

test('a technician sets the clock back where nothing else knows: followed', async () => {
  const machine = new Machine(TRUE_START + HOUR);
  await machine.start('unknown');
  machine.system.stepWall(-HOUR);
  expect(machine.offMs).toBe(0);
  expect(machine.clock.state).toBe('synced');
});

test('a step while GNSS gives the time moves nothing', async () => {
  const machine = new Machine();
  await machine.start('undisciplined');
  await machine.receive(5);
  machine.system.stepWall(-HOUR);
  expect(machine.offMs).toBe(0);
  await machine.receive(5);
  expect(machine.offMs).toBe(0);
  expect(machine.changes.at(-1)).toEqual({ kind: 'system-stepped', byMs: -HOUR });
});

test('sources fall silent: the time holds for a day, and is unsynced then, without a step', async () => {
  const machine = new Machine();
  await machine.start('disciplined');
  machine.evidence = 'undisciplined';
  await machine.system.advance(23 * HOUR);
  expect(machine.clock.state).toBe('synced');
  await machine.system.advance(2 * HOUR);
  expect(machine.clock.state).toBe('unsynced');
  expect(machine.offMs).toBe(0);
  expect(machine.changes.at(-1)).toEqual({ kind: 'unsynced', byMs: 0 });
});

test('NTP that cannot be asked any more does not throw away what it said', async () => {
  const machine = new Machine();
  await machine.start('disciplined');
  machine.evidence = 'unknown';
  await machine.system.advance(25 * HOUR);
  expect(machine.clock.state).toBe('synced');
  expect(machine.changes).toHaveLength(1);
});

test.each([
  ['behind', -1024],
  ['ahead', 1024],
])('a receiver that is 1024 weeks %s is not believed, and named once', async (_, weeks) => {
  const machine = new Machine();
  await machine.start('undisciplined');
  const before = machine.clock.nowMs();
  await machine.receive(100, weeks * WEEK);
  expect(machine.clock.state).toBe('unsynced');
  expect(machine.clock.nowMs() - before).toBe(100 * SECOND);
  expect(machine.changes).toMatchObject([{ kind: 'refused', source: 'gnss' }]);
  // It has found the week.
  await machine.receive(3);
  expect(machine.offMs).toBe(0);
});

test('a rollover is seen in 2050 too, where the last good time is known', async () => {
  const in2050 = Date.UTC(2050, 2, 1);
  const machine = new Machine(in2050, in2050);
  writeFileSync(
    join(machine.folder, 'clock.json'),
    JSON.stringify({ utcMs: in2050 - DAY, monotonicMs: 0, bootId: 'boot-0', source: 'system' }),
  );
  await machine.start('undisciplined');
  await machine.receive(100, -1024 * WEEK);
  expect(machine.clock.state).toBe('unsynced');
});

test('2038: times past 2^31 seconds are like any other', async () => {
  const before2038 = 2 ** 31 * SECOND - 2 * SECOND;
  const machine = new Machine(Date.UTC(1970, 0, 1), before2038);
  await machine.start('undisciplined');
  await machine.receive(10);
  expect(machine.clock.state).toBe('synced');
  expect(machine.clock.nowMs()).toBe(2 ** 31 * SECOND + 8 * SECOND);
});

test('a source that jitters is evened out, and never makes the time run backwards', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  await machine.start('undisciplined');
  const jitter = [0, -240, 130, -180, 220, -90, 40];
  await machine.receive(10, (second) => jitter[second % jitter.length]!);
  let newestMs = machine.clock.nowMs();
  for (let second = 0; second < 60; second++) {
    await machine.receive(1, jitter[second % jitter.length]!);
    expect(Math.abs(machine.offMs)).toBeLessThan(150);
    expect(machine.clock.nowMs()).toBeGreaterThanOrEqual(newestMs);
    newestMs = machine.clock.nowMs();
  }
});

test('one wild observation changes nothing; a source that moves for good is followed', async () => {
  const machine = new Machine();
  await machine.start('undisciplined');
  await machine.receive(10);
  await machine.receive(1, 40_000);
  await machine.receive(3);
  expect(machine.offMs).toBe(0);
  await machine.receive(4, 40_000);
  expect(machine.offMs).toBe(40_000);
});

test('observations that contradict each other are no time', async () => {
  const machine = new Machine();
  await machine.start('undisciplined');
  await machine.receive(60, (second) => (second % 2) * 5_000);
  expect(machine.clock.state).toBe('unsynced');
});

test('a leap second is told twice: the time goes on, and is right again a moment later', async () => {
  const machine = new Machine(TRUE_START);
  await machine.start('undisciplined');
  await machine.receive(10);
  let newestMs = machine.clock.nowMs();
  // From here Unix time is a second behind what the monotonic clock makes of it.
  machine.trueBaseMs -= SECOND;
  for (let second = 0; second < 10; second++) {
    await machine.receive(1);
    newestMs = Math.max(newestMs, machine.clock.nowMs());
  }
  expect(machine.offMs).toBe(0);
  expect(machine.clock.state).toBe('synced');
});

test('a source must insist before a synced time goes back by days', async () => {
  const machine = new Machine();
  await machine.start('unknown');
  await machine.receive(30, -10 * DAY);
  expect(machine.offMs).toBe(0);
  await machine.receive(31, -10 * DAY);
  expect(machine.offMs).toBe(-10 * DAY);
});

test('a kept time that is no such thing is passed over', async () => {
  const machine = new Machine();
  writeFileSync(join(machine.folder, 'clock.json'), '{"utcMs":"soon"');
  expect((await machine.start('unknown')).state).toBe('synced');
});

test('a listener that fails stops neither the clock nor the others', async () => {
  const machine = new Machine(Date.UTC(1970, 0, 1));
  const clock = await machine.start('undisciplined');
  let learned = 0;
  clock.onChange(() => {
    throw new Error('out of order');
  });
  clock.onLearned(() => learned++);
  await machine.receive(3);
  expect([clock.state, learned]).toEqual(['synced', 1]);
});

test('a disk that takes nothing keeps no clock from running', async () => {
  const machine = new Machine();
  writeFileSync(join(machine.folder, 'file'), '');
  Object.defineProperty(machine, 'folder', { value: join(machine.folder, 'file', 'below') });
  await machine.start('disciplined');
  await machine.system.advance(HOUR);
  expect(machine.clock.state).toBe('synced');
});
