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

const ANSWERS_AFTER_MS = 2_000;
const BACKLOG = 40_000;

/** In front of a database: passes on what is written only after a while. */
async function slowDoor(to: string): Promise<string> {
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
    if (url.startsWith('/write')) setTimeout(pass, ANSWERS_AFTER_MS);
    else pass();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${port}`;
}

describeWith('influxd')('with an InfluxDB that answers in 2 s', () => {
  it('live readings wait for one write of a backlog at most, and the backlog is stored as well', async () => {
    const influxd = await startInfluxd();
    onTestFinished(() => influxd.stop());
    const broker = new TestBroker(await freePort());
    await broker.start();
    onTestFinished(() => broker.stop());
    const ingest = new IngestProcess(temporaryFolder(), {
      ...{ broker: { url: broker.url }, http: { port: 0, signIn: 'off' } },
      store: { kind: 'influx', url: await slowDoor(influxd.url), database: 'farm' },
    });
    await ingest.start();
    const gateway = await LedgerGateway.connect(broker.url);
    onTestFinished(() => gateway.end());
    gateway.born();
    const startMs = Date.now() - 3_600_000;
    while (gateway.next < BACKLOG) gateway.readings(100, startMs, [], { isHistorical: true });
    const repeating = setInterval(() => gateway.repeatUnconfirmed(), 10_000);
    onTestFinished(() => clearInterval(repeating));

    const sentMs = new Map<number, number>();
    const agesMs: number[] = [];
    const beganMs = Date.now();
    while (gateway.confirmed.size < gateway.next && Date.now() - beganMs < 90_000) {
      // Live readings go on until the backlog is in, or for half a minute.
      if (Date.now() - beganMs < 30_000) sentMs.set(gateway.readings(1, startMs).first, Date.now());
      await new Promise((resolve) => setTimeout(resolve, 100));
      for (const [number, atMs] of sentMs) {
        if (!gateway.confirmed.has(number)) continue;
        agesMs.push(Date.now() - atMs);
        sentMs.delete(number);
      }
    }
    agesMs.sort((a, b) => a - b);
    expect(gateway.confirmed.size).toBe(gateway.next);
    // The live write under way when it comes, one of history (two requests) before its turn, and its own; and what the machine adds.
    expect(agesMs.at(-1)).toBeLessThan(4 * ANSWERS_AFTER_MS + 2_500);
    await eventually(async () => {
      const count = JSON.stringify(await influxd.query('SELECT count(ec) FROM soil', 'farm'));
      return count.includes(`,${gateway.next}]`);
    });
  });
});
