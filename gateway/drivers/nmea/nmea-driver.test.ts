import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { FakeClock } from '../../../core/testing/fake-clock.ts';
import { temporaryFolder } from '../../../core/testing/temporary-folder.ts';
import { GATEWAY_ITSELF, type Outcome, type TraceLine } from '../../driver.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { openPtyLine } from '../../testing/pty-line.ts';
import type { ByteStreamEvents } from '../serial/byte-stream.ts';
import { NmeaConfig } from './config.ts';
import { NmeaDriver, nmeaDriver } from './nmea-driver.ts';
import { withChecksum } from './testing/with-checksum.ts';

const START = Date.UTC(2026, 10, 22, 12);

/** A driver on a line in memory; `say` is the receiver. */
function setUp(more: Partial<NmeaConfig> = {}) {
  const clock = new FakeClock(START);
  const traced: TraceLine[] = [];
  const context = driverContext({ clock, trace: (line) => traced.push(line) });
  const config = checkConfig(NmeaConfig, { driver: 'nmea', id: 'gnss', port: 'gnss', ...more });
  let events: ByteStreamEvents | undefined;
  const far = { failure: '', openings: 0 };
  const driver = new NmeaDriver(config, context, async (given) => {
    far.openings++;
    if (far.failure) throw new Error(far.failure);
    events = given;
    return { write: () => {}, close: async () => {} };
  });
  const say = (...lines: string[]) => events!.bytes(Buffer.from(lines.map((line) => `${line}\r\n`).join('')));
  /** One second of a receiver that begins to speak 250 ms after its second. */
  const second = async (sentences = moving) => {
    await clock.advance(250);
    say(...sentences(clock.nowMs() - 250));
    await clock.advance(750);
  };
  const vanish = () => events!.closed('pulled out');
  return { clock, context, driver, say, second, vanish, far, traced, times: context.times };
}

const stamp = (ms: number) => new Date(ms).toISOString().replaceAll(/[-:T]/g, '');
const hhmmss = (ms: number) => stamp(ms).slice(8, 18);
const ddmmyy = (ms: number) => `${stamp(ms).slice(6, 8)}${stamp(ms).slice(4, 6)}${stamp(ms).slice(2, 4)}`;
const sentences = (ms: number, quality: number, knots: number) => [
  withChecksum(`GNGGA,${hhmmss(ms)},3114.8789,N,12135.2442,E,${quality},09,1.2,153.8,M,8.3,M,,`),
  withChecksum(
    `GNRMC,${hhmmss(ms)},${quality ? 'A' : 'V'},3114.8789,N,12135.2442,E,${knots},167.4,${ddmmyy(ms)},,,A`,
  ),
];
const moving = (ms: number) => sentences(ms, 1, 10);
const standing = (ms: number) => sentences(ms, 1, 0.1);
const lost = (ms: number) => sentences(ms, 0, 0);

const values = (outcome: Outcome | undefined) =>
  Object.fromEntries((outcome?.samples ?? []).map(({ metric, value }) => [metric.quantity.field, value]));

test('one moment is one outcome of the gateway’s own place, stamped when it came', async () => {
  const { driver, second } = setUp();
  await driver.start();
  await second();
  const outcome = await driver.poll();
  expect(outcome).toMatchObject({ device: GATEWAY_ITSELF, isReached: true, timeMs: START + 250 });
  expect(values(outcome)).toEqual({
    latitude: expect.closeTo(31.247982, 6),
    longitude: expect.closeTo(121.587403, 6),
    altitude: 153.8,
    speed: expect.closeTo(5.144, 3),
    course: 167.4,
    hdop: 1.2,
    fix: 1,
    satellites: 9,
  });
  expect(await driver.poll()).toBeUndefined();
});

test('a course is only told of what moves; every metric has a rule that keeps jitter back', async () => {
  const { driver, second } = setUp({ device: 'tractor', zone: 'north' });
  await driver.start();
  await second(standing);
  expect(values(await driver.poll())).not.toHaveProperty('course');
  const [{ id, metrics }] = driver.devices as [NmeaDriver['devices'][number]];
  expect(id).toBe('tractor');
  for (const { report, zone } of metrics)
    expect([report?.longestSilenceMs, zone]).toEqual([600_000, 'north']);
});

test('a fix that is lost: the last position is taken back, and the fix is said to be none', async () => {
  const { driver, second } = setUp();
  await driver.start();
  await second();
  await driver.poll();
  await second(lost);
  const outcome = await driver.poll();
  expect(values(outcome)).toEqual({
    latitude: null,
    longitude: null,
    altitude: null,
    speed: null,
    fix: 0,
    satellites: 9,
  });
  expect(outcome?.samples.filter(({ value }) => value === null).map(({ quality }) => quality)).toEqual(
    Array(4).fill('bad'),
  );
  await second(lost);
  expect(values(await driver.poll())).toEqual({ fix: 0, satellites: 9 });
});

test('time is given with a fix, right at the moment of the first byte, and never without one', async () => {
  const { driver, second, times } = setUp();
  await driver.start();
  await second();
  await driver.poll();
  expect(times).toEqual([
    { source: 'gnss', utcMs: START + 250, monotonicMs: 250, errorMs: expect.closeTo(333, 0) },
  ]);
  await second(lost);
  await driver.poll();
  expect(times).toHaveLength(1);
});

test('no time of an inserted second, nor of a receiver that is not to give any', async () => {
  for (const [more, time] of [
    [{}, '235960.00'],
    [{ givesTime: false }, '120000.00'],
  ] as const) {
    const { driver, clock, say, times } = setUp(more);
    await driver.start();
    say(withChecksum(`GNRMC,${time},A,3114.8789,N,12135.2442,E,0,0,311226,,,A`));
    await clock.advance(500);
    expect(values(await driver.poll())).toMatchObject({ fix: 1 });
    expect(times).toEqual([]);
  }
});

test('a device whose receiver is silent is gone, and comes back by itself', async () => {
  const { driver, clock, second } = setUp({ device: 'tractor' });
  await driver.start();
  await second();
  await driver.poll();
  await clock.advance(4_000);
  expect(await driver.poll()).toBeUndefined();
  await clock.advance(1_100);
  expect(await driver.poll()).toMatchObject({
    device: 'tractor',
    isReached: false,
    isGone: true,
    error: { code: 'NMEA_SILENT' },
  });
  expect(driver.trouble()).toMatchObject({ code: 'NMEA_SILENT' });
  await second();
  expect(await driver.poll()).toMatchObject({ isReached: true });
  expect(driver.trouble()).toBeUndefined();
});

test('the gateway is there even where its receiver is not; its position is taken back once', async () => {
  const { driver, clock, second } = setUp();
  await driver.start();
  await second();
  await driver.poll();
  await clock.advance(6_000);
  const outcome = await driver.poll();
  expect(outcome).toMatchObject({ isReached: true, error: { code: 'NMEA_SILENT' } });
  expect(values(outcome)).toMatchObject({ latitude: null, longitude: null });
  expect(await driver.poll()).toBeUndefined();
});

test('noise and a wrong baud rate are silence, and the message says that something came', async () => {
  const { driver, clock, say } = setUp({ device: 'tractor' });
  await driver.start();
  for (let second = 0; second < 6; second++) {
    say('$GNGGA,12\u0000\u0013*zz', '\u0080\u0080\u0080');
    await clock.advance(1_000);
  }
  const outcome = await driver.poll();
  expect(outcome?.error?.message).toContain('bytes / bad sentences: ');
  expect(outcome?.samples.every(({ value }) => value === null)).toBe(true);
});

test('a port that is missing or pulled out is tried again, less and less often', async () => {
  const { driver, clock, far, second, vanish } = setUp({ device: 'tractor' });
  far.failure = 'No such file or directory';
  await driver.start();
  expect(await driver.poll()).toMatchObject({ isReached: false, error: { code: 'SERIAL_UNAVAILABLE' } });
  for (let at = 0; at < 60; at++) {
    await clock.advance(1_000);
    await driver.poll();
  }
  expect(far.openings).toBeLessThan(20);
  far.failure = '';
  await clock.advance(5_000);
  await driver.poll();
  await second();
  expect(await driver.poll()).toMatchObject({ isReached: true });
  vanish();
  expect(await driver.poll()).toMatchObject({ isReached: false, error: { code: 'SERIAL_LOST' } });
});

test('whoever watches sees each line, and why one cannot be used', async () => {
  const { driver, say, traced } = setUp();
  await driver.start();
  say(...moving(START), '$GNGGA,1*00');
  expect(traced.map(({ direction, text }) => [direction, text.slice(0, 6)])).toEqual([
    ['received', '$GNGGA'],
    ['received', '$GNRMC'],
    ['received', '$GNGGA'],
  ]);
  expect(traced.at(-1)?.text).toContain('checksum is wrong');
});

test.each(['tcp', 'gpsd'])('a receiver behind %s', async (kind) => {
  const asked: string[] = [];
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.on('data', (bytes) => asked.push(bytes.toString()));
    socket.write(`{"class":"VERSION"}\r\n${moving(START).join('\r\n')}\r\n`);
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  onTestFinished(() => void server.close());
  const { port } = server.address() as AddressInfo;
  const config = checkConfig(NmeaConfig, { driver: 'nmea', id: 'gnss', port: `${kind}://127.0.0.1:${port}` });
  const driver = nmeaDriver.create(config, driverContext());
  onTestFinished(() => driver.stop());
  const outcome = await eventually(() => driver.poll!(GATEWAY_ITSELF, 'gnss', new AbortController().signal));
  expect(values(outcome)).toMatchObject({ fix: 1 });
  if (kind === 'gpsd') await eventually(() => asked.join('').includes('?WATCH={"enable":true,"nmea":true}'));
  else expect(asked).toEqual([]);
});

test.each(['tcp://', 'tcp://host', 'tcp://host:0', 'tcp://host:70000', 'gpsd://a b:1'])(
  '%s is no address',
  (port) => {
    const config = checkConfig(NmeaConfig, { driver: 'nmea', id: 'gnss', port });
    expect(() => nmeaDriver.create(config, driverContext())).toThrow(port);
  },
);

test('a converter that is not there is named as one', async () => {
  const { driver, far } = setUp({ port: 'tcp://192.0.2.1:4001' });
  far.failure = 'ETIMEDOUT';
  await driver.start();
  expect(driver.trouble()).toMatchObject({ code: 'NMEA_UNREACHABLE' });
});

test('a receiver on a serial line', async () => {
  const folder = temporaryFolder();
  const line = await openPtyLine(join(folder, 'gnss'), () => {});
  onTestFinished(() => line.unplug());
  const config = checkConfig(NmeaConfig, { driver: 'nmea', id: 'gnss', port: 'gnss', baud: 4_800 });
  const context = driverContext({ dataFolder: folder });
  const driver = nmeaDriver.create(config, context);
  onTestFinished(() => driver.stop());
  await driver.start?.(new AbortController().signal);
  const text = moving(START).join('\r\n');
  for (const part of [text.slice(0, 50), text.slice(50), '\r\n']) line.send(Buffer.from(part));
  const outcome = await eventually(() => driver.poll!(GATEWAY_ITSELF, 'gnss', new AbortController().signal));
  expect(values(outcome)).toMatchObject({ fix: 1, altitude: 153.8 });
  expect(context.times).toMatchObject([{ source: 'gnss', utcMs: START + 250 }]);
});
