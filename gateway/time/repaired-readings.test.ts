import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../core/clock.ts';
import { checkConfig, loadConfig } from '../../core/config.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { GatewayConfig } from '../config.ts';
import { withChecksum } from '../drivers/nmea/testing/with-checksum.ts';
import { createGateway } from '../service.ts';
import { openPtyLine } from '../testing/pty-line.ts';
import { TestBroker } from '../testing/test-broker.ts';

/** What time it really is; the box believes that it is 1970. */
const TRUE_START = Date.UTC(2027, 2, 1, 12);

test('readings of a box without time get their true one from GNSS, and arrive as repaired', async () => {
  const folder = temporaryFolder();
  const startedMs = systemClock.monotonicMs();
  const elapsedMs = () => systemClock.monotonicMs() - startedMs;
  const line = await openPtyLine(join(folder, 'gnss'), () => {});
  onTestFinished(() => line.unplug());
  const brokerPort = await freePort();
  const config = checkConfig(GatewayConfig, {
    site: 'farm',
    gateway: 'shed',
    broker: { url: `mqtt://127.0.0.1:${brokerPort}` },
    clock: { trustSystemClock: 'never' },
    drivers: [
      { driver: 'system', everyMs: 1_000 },
      { driver: 'nmea', id: 'gnss', port: 'gnss', everyMs: 100, latencyMs: 20 },
    ],
  });
  const clock = { ...systemClock, nowMs: elapsedMs };
  const gateway = createGateway(config, serviceContext({ clock, dataFolder: folder, configFolder: folder }));
  onTestFinished(() => gateway.stop());
  await gateway.start(new AbortController().signal);
  const upMs = elapsedMs();
  await eventually(() => elapsedMs() > upMs + 1_500);

  const speaking = setInterval(() => {
    const time = new Date(TRUE_START + elapsedMs()).toISOString().slice(11, 22).replaceAll(':', '');
    line.send(Buffer.from(`${withChecksum(`GNRMC,${time},A,3114.8789,N,12135.2442,E,0,0,010327,,,A`)}\r\n`));
  }, 200);
  onTestFinished(() => clearInterval(speaking));
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await eventually(() => elapsedMs() > upMs + 3_000);
  await broker.start(brokerPort);

  const readings = () =>
    broker.seen
      .filter(({ type }) => type === 'NDATA')
      .flatMap(({ payload }) => payload.metrics)
      .map(({ timeMs, properties }) => ({
        offMs: timeMs! - TRUE_START,
        clock: properties?.clock ?? 'synced',
      }));
  const repaired = await eventually(() => {
    const all = readings().filter(({ clock: state }) => state === 'repaired');
    return all.length > 0 && readings().some(({ clock: state }) => state === 'synced') ? all : undefined;
  });
  // The first were measured in the first moments, long before anybody knew the time.
  expect(Math.min(...repaired.map(({ offMs }) => offMs))).toBeLessThan(upMs + 1_000);
  for (const { offMs } of readings()) {
    expect(offMs).toBeGreaterThan(-500);
    expect(offMs).toBeLessThan(elapsedMs() + 500);
  }
  expect(readings().some(({ clock: state }) => state === 'unsynced')).toBe(false);
});

test.each(['nmea', 'system'])('the sample of %s is valid, and a gateway can be made of it', (driver) => {
  const folder = join(import.meta.dirname, '..', 'drivers', driver);
  const config = loadConfig(GatewayConfig, join(folder, 'sample.yaml'));
  const dataFolder = temporaryFolder();
  expect(createGateway(config, serviceContext({ dataFolder, configFolder: folder })).name).toBe(
    'gateway field-box',
  );
});
