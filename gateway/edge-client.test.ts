import { createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { BdSeqFile } from './bd-seq-file.ts';
import { EdgeClient } from './edge-client.ts';
import { MemoryOutbox } from './memory-outbox.ts';
import { MetricTable } from './metric-table.ts';
import { soilMoisture as metric } from './testing/soil-moisture.ts';
import { TestBroker } from './testing/test-broker.ts';

/** More than a socket takes at once. */
const BACKLOG = 10_000;

function edgeClient(port: number, outbox: MemoryOutbox, log = serviceContext().log): EdgeClient {
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
    clock: serviceContext().clock,
    log,
  });
  onTestFinished(() => client.stop());
  return client;
}

async function setUp() {
  const port = await freePort();
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await broker.start(port);
  const outbox = new MemoryOutbox(10_000_000);
  const client = edgeClient(port, outbox);
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

const CONNECT = 0x10;
const SUBSCRIBE = 0x82;
const CONNACK = Buffer.of(0x20, 2, 0, 0);
const GRANTED = 1;
const REFUSED = 0x80;
/** 90 length · packet identifier 2, as in the SUBSCRIBE after its two bytes of head · a code for the one topic. */
const suback = (subscribe: Buffer, code: number) => Buffer.of(0x90, 3, subscribe[2]!, subscribe[3]!, code);

/** A broker that answers what `answer` says, and never hangs up. */
async function scriptedBroker(answer: (packet: Buffer) => Buffer | undefined) {
  const port = await freePort();
  const sockets: Socket[] = [];
  const server = createServer({ allowHalfOpen: true }, (socket) => {
    sockets.push(socket);
    socket.on('error', () => {});
    socket.on('data', (packet) => {
      const bytes = answer(packet);
      if (bytes) socket.write(bytes);
    });
  });
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  return { port, sockets };
}

test.each([
  ['never answers', () => undefined],
  ['never grants the subscription', (packet: Buffer) => (packet[0] === CONNECT ? CONNACK : undefined)],
  [
    'does not hang up after the goodbye',
    (packet: Buffer) => {
      if (packet[0] === CONNECT) return CONNACK;
      return packet[0] === SUBSCRIBE ? suback(packet, GRANTED) : undefined;
    },
  ],
])('stopping leaves no connection to a broker that %s', async (_, answer) => {
  const { port, sockets } = await scriptedBroker(answer);
  await eventually(() => openSockets() === 0);
  const client = edgeClient(port, new MemoryOutbox(100_000));
  client.start();
  const socket = await eventually(() => sockets[0]);
  await eventually(() => socket.bytesRead > 0);
  await client.stop();
  // The broker's own end, in this process too, is all that is left.
  await eventually(() => openSockets() === 1, { withinMs: 500 });
});

function openSockets(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'TCPSocketWrap').length;
}

test('a refused subscription is reported once, in its own words', async () => {
  const { port, sockets } = await scriptedBroker((packet) =>
    packet[0] === CONNECT ? CONNACK : suback(packet, REFUSED),
  );
  const lines: string[] = [];
  const log = pino({ level: 'error' }, { write: (line) => lines.push(line) });
  const client = edgeClient(port, new MemoryOutbox(100_000), log);
  client.start();
  await eventually(() => sockets.length >= 2);
  await eventually(() => client.trouble);
  expect(lines).toHaveLength(1);
  expect(client.trouble?.text('en')).toContain('the broker refuses to subscribe spBv1.0/farm/NCMD/shed');
  expect(client.trouble?.text('zh')).toContain('代理拒绝订阅 spBv1.0/farm/NCMD/shed');
});
