import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { Metric } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { double, type EdgeMessage, EdgeMessages } from '../testing/edge-messages.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { TestBroker } from '../testing/test-broker.ts';

/** Ingest as a process, a gateway without a ledger that a script plays, and somebody who listens for what is live. */
async function farm(settings: object = {}) {
  const broker = new TestBroker(await freePort());
  await broker.start();
  onTestFinished(() => broker.stop());
  const config = {
    broker: { url: broker.url },
    http: { port: 0, signIn: 'off' },
    automation: { enabled: true },
    ...settings,
  };
  const ingest = new IngestProcess(temporaryFolder(), config);
  await ingest.start();
  const client = await mqtt.connectAsync(broker.url);
  onTestFinished(() => client.endAsync(true));
  const live: number[] = [];
  client.on('message', (_, bytes) => {
    const { readings } = JSON.parse(bytes.toString()) as { readings: { value: number }[] };
    live.push(...readings.map(({ value }) => value));
  });
  await client.subscribeAsync('sluice/farm/readings/#', { qos: 1 });
  const edge = new EdgeMessages();
  const send = ({ topic, bytes }: EdgeMessage) => client.publish(topic, Buffer.from(bytes));
  const born = () => {
    send(edge.nbirth());
    send(edge.dbirth('soil-1', [double('soil/ec', null, 0)]));
  };
  const soil = (value: number, timeMs: number, more: Partial<Metric> = {}) =>
    send(edge.data('soil-1', [{ ...double('soil/ec', value, timeMs), ...more }]));
  const stored = async () => {
    const query = `/api/v1/query?measurement=soil&field=ec&from=${Date.now() - 86_400_000}&to=${Date.now() + 86_400_000}`;
    const { series } = await ingest.get<{ series: { timeMs: number[]; value: number[] }[] }>(query);
    return Object.fromEntries(
      series.flatMap((one) => one.timeMs.map((timeMs, at) => [timeMs, one.value[at]])),
    );
  };
  const last = async () => {
    const { readings } = await ingest.get<{ readings: { value: number }[] }>('/api/v1/last?measurement=soil');
    return readings.map(({ value }) => value);
  };
  return { ingest, born, soil, stored, last, live };
}

async function landsWhereItBelongs({
  ingest,
  born,
  soil,
  stored,
  last,
  live,
}: Awaited<ReturnType<typeof farm>>) {
  const nowMs = Date.now() - 20_000;
  born();
  soil(10, nowMs);
  // A backlog that comes late and out of order, a reading that was overtaken, one sent twice, one of yesterday.
  soil(3, nowMs - 3_000_000, { isHistorical: true });
  soil(1, nowMs - 3_600_000, { isHistorical: true });
  soil(2, nowMs - 3_300_000, { isHistorical: true });
  soil(12, nowMs + 2_000);
  soil(11, nowMs + 1_000);
  soil(12, nowMs + 2_000);
  soil(4, nowMs - 80_000_000);
  soil(13, nowMs + 3_000);
  const all: Record<number, number> = {
    [nowMs - 80_000_000]: 4,
    [nowMs - 3_600_000]: 1,
    [nowMs - 3_300_000]: 2,
    [nowMs - 3_000_000]: 3,
    [nowMs]: 10,
    [nowMs + 1_000]: 11,
    [nowMs + 2_000]: 12,
    [nowMs + 3_000]: 13,
  };
  await eventually(async () => Object.keys(await stored()).length === 8);
  expect(await stored()).toEqual(all);
  // The query may see it before the write has been answered.
  await eventually(async () => (await last())[0] === 13);
  expect(live).toEqual([10, 12, 13]);
  await ingest.kill();
  await ingest.start();
  born();
  soil(13, nowMs + 3_000);
  soil(9, nowMs - 1_000);
  soil(14, nowMs + 4_000);
  Object.assign(all, { [nowMs - 1_000]: 9, [nowMs + 4_000]: 14 });
  await eventually(async () => Object.keys(await stored()).length === 10);
  expect(await stored()).toEqual(all);
  await eventually(async () => (await last())[0] === 14);
  expect(live).toEqual([10, 12, 13, 14]);
}

describe('late, repeated and out of order', () => {
  it('lands where it belongs, and only what is live is told as such, also after kill -9', async () => {
    await landsWhereItBelongs(await farm());
  });
});

describeWith('influxd')('late, repeated and out of order, with InfluxDB', () => {
  it('lands where it belongs, and only what is live is told as such, also after kill -9', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    await landsWhereItBelongs(await farm({ store: { kind: 'influx', url: influxd.url, database: 'farm' } }));
  });
});
