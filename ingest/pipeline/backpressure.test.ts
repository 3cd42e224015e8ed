import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LedgerGateway } from '../testing/ledger-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';

describeWith('influxd')('while a real InfluxDB stands still', () => {
  it('holds so many readings and no more, reads on, and has all of them in the end', async () => {
    const influxd = await startInfluxd();
    onTestFinished(async () => {
      influxd.freeze(false);
      await influxd.stop();
    });
    const broker = new TestBroker(await freePort());
    await broker.start();
    onTestFinished(() => broker.stop());
    const maxPendingReadings = 2_000;
    const ingest = new IngestProcess(temporaryFolder(), {
      ...{ broker: { url: broker.url }, http: { port: 0, signIn: 'off' }, pipeline: { maxPendingReadings } },
      store: { kind: 'influx', url: influxd.url, database: 'farm' },
    });
    await ingest.start();
    const gateway = await LedgerGateway.connect(broker.url);
    onTestFinished(() => gateway.end());
    gateway.born();
    const startMs = Date.now() - 3_600_000;
    gateway.readings(20, startMs);
    await eventually(() => gateway.confirmed.size === 20);

    influxd.freeze(true);
    while (gateway.next < 10_000) gateway.readings(20, startMs);
    type Delivery = { produced: number; stored: number; inFlight: number };
    const counts = async () => {
      type Gateways = { gateways: { received: number; dropped: number; delivery: Delivery }[] };
      return (await ingest.get<Gateways>('/api/v1/gateways')).gateways[0]!;
    };
    // All that was sent has been read: nothing of it fills the memory of the broker.
    await eventually(async () => (await counts()).delivery.produced === 10_000, { withinMs: 60_000 });
    const { received, dropped } = await counts();
    expect(received).toBeLessThanOrEqual(50 + maxPendingReadings);
    expect(dropped).toBe(0);

    influxd.freeze(false);
    await eventually(() => gateway.repeatUnconfirmed() === 0, { withinMs: 60_000, everyMs: 500 });
    expect((await counts()).delivery).toMatchObject({ produced: 10_000, stored: 10_000, inFlight: 0 });
    const count = JSON.stringify(await influxd.query('SELECT count(ec) FROM soil', 'farm'));
    expect(count).toContain(',10000]');
  });
});
