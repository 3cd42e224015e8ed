import { createServer, request } from 'node:http';
import { expect, it, onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import { IngestProcess } from '../testing/ingest-process.ts';
import { LedgerGateway } from '../testing/ledger-gateway.ts';
import { TestBroker } from '../testing/test-broker.ts';

/** More than ingest takes for a store that keeps up. */
const ANSWERS_AFTER_MS = 1_200;
const BACKLOG = 40_000;
/** One of history (two requests) before its turn, its own, and those that begin while a busy machine brings it in. */
const MOST_WRITES = 6;

/** In front of a database: passes on what is written only after a while. */
async function slowDoor(to: string): Promise<{ readonly url: string; readonly begun: () => number }> {
  let begun = 0;
  const port = await freePort();
  const server = createServer((incoming, answer) => {
    const { method, headers, url = '' } = incoming;
    const pass = () => {
      const onward = request(new URL(url, to), { method, headers }, (response) => {
        answer.writeHead(response.statusCode!, response.headers);
        response.pipe(answer);
      });
      onward.on('error', () => answer.destroy());
      incoming.pipe(onward);
    };
    if (!url.startsWith('/write')) return pass();
    begun++;
    setTimeout(pass, ANSWERS_AFTER_MS);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${port}`, begun: () => begun };
}

describeWith('influxd')('with an InfluxDB that answers late', () => {
  it('live readings wait for one write of a backlog at most, and the backlog is stored as well', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    const broker = new TestBroker(await freePort());
    await broker.start();
    onTestFinished(() => broker.stop());
    const door = await slowDoor(influxd.url);
    const ingest = new IngestProcess(temporaryFolder(), {
      ...{ broker: { url: broker.url }, http: { port: 0, signIn: 'off' } },
      store: { kind: 'influx', url: door.url, database: 'farm' },
    });
    await ingest.start();
    const gateway = await LedgerGateway.connect(broker.url);
    onTestFinished(() => gateway.end());
    gateway.born();
    const startMs = Date.now() - 3_600_000;
    while (gateway.next < BACKLOG) gateway.readings(100, startMs, [], { isHistorical: true });
    const repeating = setInterval(() => gateway.repeatUnconfirmed(), 10_000);
    onTestFinished(() => clearInterval(repeating));

    const begunAtSending = new Map<number, number>();
    let most = 0;
    await eventually(
      () => {
        for (const [number, begun] of begunAtSending) {
          if (!gateway.confirmed.has(number)) continue;
          most = Math.max(most, door.begun() - begun);
          begunAtSending.delete(number);
        }
        if (gateway.confirmed.size === gateway.next) return true;
        // Live readings go on for as long as there is a backlog.
        if (gateway.confirmed.size < BACKLOG)
          begunAtSending.set(gateway.readings(1, startMs).first, door.begun());
        return false;
      },
      { everyMs: 100 },
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThanOrEqual(MOST_WRITES);
    await eventually(async () => {
      const count = JSON.stringify(await influxd.query('SELECT count(ec) FROM soil', 'farm'));
      return count.includes(`,${gateway.next}]`);
    });
  });
});
