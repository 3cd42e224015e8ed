import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { SensorGateway } from '../testing/sensor-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';
import type { AlertEvent } from './alert-event.ts';

/** The machine may be busy with everything else. */
const WAITS = { withinMs: 60_000 };
const SENSORS = 40;
const FOR_S = 8;

async function farm() {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  const ingest = new IngestProcess(temporaryFolder(), {
    ...{ broker: { url: broker.url }, http: { port: 0, signIn: 'off' } },
    alerts: { everyS: 5, silentAfterS: 2 },
  });
  await ingest.start();
  const set = async (rule: object, forS: number) => {
    const threshold = {
      ...{ measurement: 'soil', field: 'moisture', scope: { site: 'farm' }, rule, forS },
      ...{ severity: 'warning', enabled: true, why: 'test' },
    };
    expect((await ingest.post('/api/v1/thresholds', threshold)).status).toBe(201);
  };
  const alerts = async (query = '') =>
    (await ingest.get<{ alerts: AlertEvent[] }>(`/api/v1/alerts${query}`)).alerts;
  return { broker, ingest, set, alerts };
}

it('goes on with a wait over kill -9, and tells what it comes to once', async () => {
  const { broker, ingest, set, alerts } = await farm();
  await set({ kind: 'bounds', low: { raise: 20, clear: 22 } }, FOR_S);
  const gateway = await SensorGateway.connect(broker.url, 'pump', 3);
  onTestFinished(() => gateway.end());
  await eventually(async () => {
    const { gateways } = await ingest.get<{ gateways: { devices: unknown[] }[] }>('/api/v1/gateways');
    return gateways[0]?.devices.length === 3;
  });
  gateway.report(30);
  const dryMs = Date.now();
  gateway.report(17, ['s1', 's2']);
  await eventually(async () => {
    const { readings } = await ingest.get<{ readings: { value: number }[] }>('/api/v1/last?measurement=soil');
    return readings.filter(({ value }) => value === 17).length === 2;
  });
  // Long enough for it to be kept, and in the middle of the wait.
  await new Promise((resolve) => setTimeout(resolve, 1_000));
  expect(await alerts()).toEqual([]);
  await ingest.kill();
  await ingest.start();
  await eventually(async () => (await alerts()).length > 0, WAITS);
  const [event] = await alerts('?state=all');
  expect(event).toMatchObject({ key: 'quantity:farm/north/soil/moisture', causing: [{}, {}] });
  expect(event!.words.en).toMatch(
    /^Soil moisture .* in north is 17 %, below 20 % for 8 s .*2 series of 2 devices/,
  );
  // Counted from the reading, not from the restart.
  expect(event!.sinceMs).toBeLessThan(dryMs + 1_000);
  expect(event!.raisedMs - event!.sinceMs).toBeGreaterThanOrEqual(1000 * FOR_S);

  await ingest.kill();
  await ingest.start();
  expect(await alerts('?state=all')).toMatchObject([{ id: event!.id }]);
  const { series } = await ingest.get<{ series: { value: number }[] }>('/api/v1/thresholds/state');
  expect(series.map(({ value }) => value)).toEqual([17, 17]);
  // The first may come before the births that the new process asks for.
  const timer = setInterval(() => gateway.report(25), 500);
  onTestFinished(() => clearInterval(timer));
  await eventually(async () => (await alerts()).length === 0, WAITS);
}, 120_000);

it('tells a gateway that dies with all of its sensors as one event', async () => {
  const { broker, set, alerts } = await farm();
  await set({ kind: 'no-data', afterS: 10 }, 0);
  let gateway = await SensorGateway.connect(broker.url, 'pump', SENSORS);
  onTestFinished(() => gateway.end());
  const timer = setInterval(() => gateway.report(30), 1_000);
  onTestFinished(() => clearInterval(timer));
  await new Promise((resolve) => setTimeout(resolve, 3_000));
  clearInterval(timer);
  gateway.vanish();
  await eventually(async () => {
    const [event] = await alerts();
    expect(event?.silent).toHaveLength(SENSORS);
    return true;
  }, WAITS);
  const all = await alerts('?state=all');
  expect(all.map(({ key }) => key)).toEqual(['gateway:farm/pump']);
  expect(all[0]!.words.zh).toContain(`${SENSORS} 台设备的 ${SENSORS} 个序列无数据`);
  gateway = await SensorGateway.connect(broker.url, 'pump', SENSORS);
  const again = setInterval(() => gateway.report(30), 1_000);
  onTestFinished(() => clearInterval(again));
  await eventually(async () => (await alerts()).length === 0, WAITS);
  expect(await alerts('?state=all')).toHaveLength(1);
}, 120_000);
