import { expect, onTestFinished, test } from 'vitest';
import { findQuantity } from '../core/quantities.ts';
import { DATA_TYPES } from '../core/sparkplug/payload.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { BdSeqFile } from './bd-seq-file.ts';
import type { MetricSpec } from './driver.ts';
import { EdgeClient } from './edge-client.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { MetricTable } from './metric-table.ts';
import { TestBroker } from './testing/test-broker.ts';

const metric: MetricSpec = {
  quantity: findQuantity('soil', 'moisture')!,
  point: '',
  zone: '',
  link: '',
  class: '',
  dataType: DATA_TYPES.Double,
};
/** More than a socket takes at once. */
const BACKLOG = 10_000;

async function setUp() {
  const port = await freePort();
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await broker.start(port);
  const outbox = new MemoryOutbox(10_000_000);
  const { clock, log } = serviceContext();
  const client = new EdgeClient({
    site: 'farm',
    gateway: 'shed',
    url: `mqtt://127.0.0.1:${port}`,
    username: undefined,
    password: undefined,
    primaryHost: undefined,
    table: new MetricTable([{ id: 'probe', metrics: [metric], groups: [] }]),
    outbox,
    bdSeqFile: new BdSeqFile(temporaryFolder()),
    clock,
    log,
  });
  onTestFinished(() => client.stop());
  const add = (timeMs: number) =>
    outbox.add({ device: 'probe', timeMs, samples: [{ metric, value: timeMs / 10, quality: 'good' }] });
  return { broker, outbox, client, add };
}

test('a long backlog comes whole and in order, and a dead device dies only after it', async () => {
  const { broker, outbox, client, add } = await setUp();
  for (let timeMs = 0; timeMs < BACKLOG; timeMs++) add(timeMs);
  client.deviceDown('probe');
  client.start();
  await eventually(() => broker.titles.includes('DDEATH probe'));
  expect(broker.titles).toEqual([
    'NBIRTH',
    'DBIRTH probe',
    ...Array.from({ length: BACKLOG }, () => 'DDATA probe'),
    'DDEATH probe',
  ]);
  expect(broker.seen.map(({ payload }) => payload.seq)).toEqual(broker.titles.map((_, at) => at % 256));
  const times = broker.seen.filter(({ type }) => type === 'DDATA').map(({ payload }) => payload.metrics[0]);
  expect(times.map((one) => one?.timeMs)).toEqual(Array.from({ length: BACKLOG }, (_, timeMs) => timeMs));
  expect(times.every((one) => one?.isHistorical)).toBe(true);
  expect(outbox.status().waiting).toBe(0);
});
