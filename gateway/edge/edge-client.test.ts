import { createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import type { Clock } from '../../core/clock.ts';
import { commandMetric } from '../../core/command.ts';
import { findQuantity } from '../../core/quantities.ts';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES, type Metric } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { FakeClock } from '../../core/testing/fake-clock.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { MetricSpec } from '../driver.ts';
import { LedgerOutbox } from '../outbox/ledger-outbox.ts';
import { MemoryLog } from '../outbox/memory-log.ts';
import { trustingStampClock } from '../outbox/stamp-clock.ts';
import { soilMoisture as metric } from '../testing/soil-moisture.ts';
import { TestBroker } from '../testing/test-broker.ts';
import { BdSeqFile } from './bd-seq-file.ts';
import { EdgeClient, type EdgeClientOptions } from './edge-client.ts';
import { MetricTable } from './metric-table.ts';

const valve: MetricSpec = {
  ...metric,
  quantity: findQuantity('irrigation', 'valve_state')!,
  point: 'v1',
  dataType: DATA_TYPES.Boolean,
  write: { role: 'valve', safeValue: false, hasDeviceTimer: false },
};

/** More than a socket takes at once. */
const BACKLOG = 10_000;

const { clock } = serviceContext();
const SETTINGS = { backlogPerS: 1_000_000, confirmWithinS: 60, window: 1_000 };

function edgeClient(
  port: number,
  outbox = memoryOutbox(),
  parts: Partial<EdgeClientOptions> = {},
): EdgeClient {
  const client = new EdgeClient({
    site: 'farm',
    gateway: 'shed',
    url: `mqtt://127.0.0.1:${port}`,
    login: {},
    primaryHost: undefined,
    table: new MetricTable([{ id: 'probe', metrics: [metric, valve], groups: [] }]),
    outbox,
    bdSeqFile: new BdSeqFile(temporaryFolder()),
    clock,
    log: serviceContext().log,
    onCommand: () => {},
    onCare: () => {},
    onPlan: () => {},
    planVersion: () => undefined,
    ...parts,
  });
  onTestFinished(() => client.stop());
  return client;
}

/** By default for a host that knows no ledger: what is on the socket is settled. */
function memoryOutbox(confirm: 'sent' | 'host' = 'sent', itsClock: Clock = clock): LedgerOutbox {
  const settings = { ...SETTINGS, confirm };
  return new LedgerOutbox(new MemoryLog(100_000_000), settings, itsClock, trustingStampClock(itsClock));
}

async function setUp(parts: Partial<EdgeClientOptions> = {}) {
  const port = await freePort();
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await broker.start(port);
  const outbox = memoryOutbox();
  const client = edgeClient(port, outbox, parts);
  const kept = { name: 'soil/moisture', dataType: metric.dataType, properties: { engUnit: '%' } };
  const add = (timeMs: number) =>
    outbox.add({
      device: 'probe',
      stamp: { timeMs, clock: 'synced' },
      samples: [{ metric: kept, value: timeMs / 10, quality: 'good' }],
    });
  return { port, broker, outbox, client, add };
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
  const client = edgeClient(port);
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
  const client = edgeClient(port, undefined, { log });
  client.start();
  await eventually(() => sockets.length >= 2);
  await eventually(() => client.trouble);
  expect(lines).toHaveLength(1);
  expect(client.trouble?.text('en')).toContain('the broker refuses to subscribe spBv1.0/farm/NCMD/shed');
  expect(client.trouble?.text('zh')).toContain('代理拒绝订阅 spBv1.0/farm/NCMD/shed');
});

test('commands come in by name and by alias; a bad one, and one whose handler fails, cost the others nothing', async () => {
  const commands: unknown[] = [];
  const care: string[] = [];
  const { broker, client } = await setUp({
    onCommand: (request) => {
      commands.push(request);
      throw new Error('of the handler');
    },
    onCare: (text) => care.push(text),
  });
  client.deviceUp('probe');
  client.start();
  await eventually(() => broker.titles.includes('DBIRTH probe'));
  const ask = (topic: string, metrics: Metric[]) =>
    broker.publish(`spBv1.0/farm/${topic}`, Buffer.from(encodePayload({ metrics })));
  const ours = {
    id: 'c-1',
    device: 'probe',
    metric: 'irrigation/valve_state/v1',
    value: true,
    leaseMs: 60_000,
    expiresAtMs: 1_700_000_000_000,
    issuer: 'ana',
  };
  await broker.publish('spBv1.0/farm/DCMD/shed/probe', Buffer.from('no payload'));
  await ask('DCMD/shed/probe', [
    { alias: 99, dataType: DATA_TYPES.Boolean, value: true },
    { alias: 2, dataType: DATA_TYPES.Boolean, value: null },
    commandMetric(ours, DATA_TYPES.Boolean, 0),
    { ...commandMetric(ours, DATA_TYPES.Boolean, 0), properties: { commandId: 'c-2', leaseMs: 'long' } },
    { alias: 2, dataType: DATA_TYPES.Boolean, value: false },
  ]);
  await ask('NCMD/shed', [{ name: 'Care/Request', dataType: DATA_TYPES.String, value: '{"id":"r-1"}' }]);
  await eventually(() => care.length > 0);
  expect(care).toEqual(['{"id":"r-1"}']);
  const foreign = {
    device: 'probe',
    metric: ours.metric,
    value: false,
    leaseMs: 0,
    expiresAtMs: 0,
    issuer: 'sparkplug',
  };
  expect(commands).toEqual([ours, { ...foreign, id: expect.stringMatching(/^[\w-]{36}$/) }]);
  expect(client.isOnline).toBe(true);
});

test('tries of many gateways are spread over time', async () => {
  const waits: number[] = [];
  const slow: Clock = {
    ...clock,
    after: (delayMs, fn) => {
      waits.push(delayMs);
      return clock.after(0, fn);
    },
  };
  const randoms = [0, 0.5, 0.999];
  const client = edgeClient(await freePort(), undefined, { clock: slow, random: () => randoms.shift() ?? 0 });
  client.start();
  await eventually(() => waits.length >= 3);
  expect(waits.slice(0, 3)).toEqual([500, 2_000, 4_000 * 1.499]);
});

test('a primary host that comes is answered after a random part of 2 s, and one that was there at once', async () => {
  const waits: number[] = [];
  const slow: Clock = {
    ...clock,
    after: (delayMs, fn) => {
      if (delayMs <= 2_000) waits.push(delayMs);
      return clock.after(delayMs === 1_800 ? 0 : delayMs, fn);
    },
  };
  const { port, broker, client } = await setUp({ primaryHost: 'main', clock: slow, random: () => 0.9 });
  const state = (online: boolean, timestamp: number) => Buffer.from(JSON.stringify({ online, timestamp }));
  await broker.publish('spBv1.0/STATE/main', state(false, 1), true);
  client.start();
  await eventually(() => broker.subscriptions.includes('spBv1.0/STATE/main'));
  await broker.publish('spBv1.0/STATE/main', state(true, 2), true);
  await eventually(() => broker.titles.includes('NBIRTH'));
  expect(waits).toContain(1_800);
  await client.stop();
  waits.length = 0;
  const next = edgeClient(port, undefined, { primaryHost: 'main', clock: slow, random: () => 0.9 });
  next.start();
  await eventually(() => next.isOnline);
  expect(waits).not.toContain(1_800);
});

test('two gateways of one id: it is named once, and they push each other out less and less often', async () => {
  const lines: { level: number; msg: string }[] = [];
  const log = pino({ level: 'info' }, { write: (line) => lines.push(JSON.parse(line)) });
  const waits: number[] = [];
  const quick: Clock = {
    ...clock,
    after: (delayMs, fn) => {
      if (delayMs >= 10_000 || delayMs === 1_000) return clock.after(delayMs, fn);
      waits.push(delayMs);
      return clock.after(0, fn);
    },
  };
  const { port, client } = await setUp({ log, clock: quick, random: () => 0.6 });
  const twin = edgeClient(port, undefined, { clock: quick, random: () => 0.6 });
  client.start();
  await eventually(() => client.isOnline);
  twin.start();
  await eventually(() => waits.length >= 8);
  await twin.stop();
  expect(Math.max(...waits)).toBeGreaterThan(8_000);
  const told = lines.map(({ msg }) => msg);
  expect(told.filter((text) => text.includes('another gateway has the same site and id'))).toHaveLength(1);
  expect(told.filter((text) => text.startsWith('online')).length).toBeLessThanOrEqual(2);
});

const MINUTE_MS = 60_000;

/** A gateway with one reading that nobody confirms, and a clock that stands. */
async function unanswered(primaryHost?: string) {
  const fake = new FakeClock();
  const port = await freePort();
  const broker = new TestBroker();
  onTestFinished(() => broker.stop());
  await broker.start(port);
  const outbox = memoryOutbox('host', fake);
  const client = edgeClient(port, outbox, { clock: fake, random: () => 0.5, primaryHost });
  client.start();
  const kept = { name: 'soil/moisture', dataType: metric.dataType, properties: { engUnit: '%' } };
  const samples = [{ metric: kept, value: 1, quality: 'good' as const }];
  const reads = () =>
    outbox.add({ device: 'probe', stamp: { timeMs: fake.nowMs(), clock: 'synced' }, samples });
  /** Resolves at the end of the connection, and once there is another. */
  const reconnected = async (count: number) => {
    await eventually(() => !client.isOnline);
    await fake.advance(1_000);
    await eventually(() => broker.connects.length === count);
  };
  return { broker, client, fake, outbox, reads, reconnected };
}

test('one that hears nothing though it is owed an answer connects anew, each time after twice as long', async () => {
  const { broker, client, fake, outbox, reads, reconnected } = await unanswered();
  await eventually(() => client.isOnline);
  reads();
  client.pump();
  await eventually(() => broker.titles.includes('DDATA probe'));
  await fake.advance(5 * MINUTE_MS - 1);
  expect(broker.connects).toHaveLength(1);
  await fake.advance(1);
  await reconnected(2);
  await eventually(() => client.isOnline);
  await eventually(() => broker.titles.filter((title) => title === 'DDATA probe').length >= 2);
  await fake.advance(10 * MINUTE_MS - 1);
  expect(broker.connects).toHaveLength(2);
  await fake.advance(1);
  await reconnected(3);
  await eventually(() => client.isOnline);
  const { id, first, next } = outbox.ledger;
  outbox.confirm({ ledger: id, ranges: [{ first, last: next - 1 }] });
  await fake.advance(60 * MINUTE_MS);
  expect(client.isOnline).toBe(true);
  expect(broker.connects).toHaveLength(3);
});

test('one that hears commands stays, whatever is not confirmed', async () => {
  const { broker, client, fake, reads } = await unanswered();
  await eventually(() => client.isOnline);
  reads();
  client.pump();
  for (let births = 2; births < 5; births++) {
    await fake.advance(4 * MINUTE_MS);
    const rebirth = { name: 'Node Control/Rebirth', dataType: DATA_TYPES.Boolean, value: true };
    await broker.publish('spBv1.0/farm/NCMD/shed', Buffer.from(encodePayload({ metrics: [rebirth] })));
    await eventually(() => broker.titles.filter((title) => title === 'NBIRTH').length === births);
  }
  expect(broker.connects).toHaveLength(1);
});

test('one that waits for its host in vain connects anew, for it may only not hear it', async () => {
  const { broker, fake } = await unanswered('plant');
  await eventually(() => fake.pendingTimers > 0);
  await fake.advance(5 * MINUTE_MS + 1_000);
  await eventually(() => broker.connects.length === 2);
  expect(broker.titles).toEqual([]);
});
