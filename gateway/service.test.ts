import { spawn } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../core/config.ts';
import { decodeRequest, encodeResponse } from '../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../core/modbus/rtu.ts';
import { decodePayload } from '../core/sparkplug/decode-payload.ts';
import { encodePayload } from '../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../core/sparkplug/payload.ts';
import { eventually } from '../core/testing/eventually.ts';
import { freePort } from '../core/testing/free-port.ts';
import { DEBIAN_PYTHON, describeWith } from '../core/testing/needs.ts';
import { serviceContext } from '../core/testing/service-context.ts';
import { temporaryFolder } from '../core/testing/temporary-folder.ts';
import { GatewayConfig } from './config.ts';
import { createGateway } from './service.ts';
import { openPtyLine, type PtyLine } from './testing/pty-line.ts';
import { type SeenMessage, TestBroker } from './testing/test-broker.ts';

const SOIL = [234, 0xfff6, 812];
const EVERY = { deadBand: 0, longestSilenceS: 0 };
const SOIL_VALUES = { 'soil/moisture': 23.4, 'soil/temperature': -1, 'soil/ec': 812 };

/** Answers every read with the soil probe's registers; `garble` may spoil what goes on the wire. */
async function soilProbe(name: string, garble = (bytes: Uint8Array) => bytes): Promise<PtyLine> {
  const line = await openPtyLine(name, (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    line.send(garble(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers: SOIL }))));
  });
  onTestFinished(() => line.unplug());
  return line;
}

async function setUp(more: Partial<GatewayConfig> = {}, folder = temporaryFolder(), credentials = {}) {
  const port = join(folder, 'bus');
  const brokerPort = await freePort();
  const config = checkConfig(GatewayConfig, {
    site: 'farm',
    gateway: 'shed',
    broker: { url: `mqtt://127.0.0.1:${brokerPort}`, ...credentials },
    // Values that stand still would say nothing for a minute, by the profile's own rules.
    report: Object.fromEntries(Object.keys(SOIL_VALUES).map((name) => [name, EVERY])),
    drivers: [
      {
        driver: 'modbus-rtu',
        id: 'field',
        port,
        baud: 115_200,
        timeoutMs: 300,
        devices: [
          { id: 'probe', unit: 1, profile: 'soil-moisture-temperature-ec', zone: 'north', everyMs: 100 },
        ],
      },
    ],
    ...more,
  });
  const broker = new TestBroker();
  const lines: string[] = [];
  const logged = () => lines.map((line) => JSON.parse(line) as { code?: string; msg: string });
  onTestFinished(() => broker.stop());
  const startGateway = async () => {
    const log = pino({ level: 'debug' }, { write: (line) => lines.push(line) });
    const gateway = createGateway(config, serviceContext({ dataFolder: folder, configFolder: folder, log }));
    onTestFinished(() => gateway.stop());
    await gateway.start(new AbortController().signal);
    return gateway;
  };
  return { port, broker, brokerPort, startBroker: () => broker.start(brokerPort), startGateway, logged };
}

test('births come before data, one sequence runs through all, and NDEATH closes', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  await soilProbe(port);
  await startBroker();
  const gateway = await startGateway();
  await eventually(() => broker.titles.filter((title) => title === 'DDATA probe').length >= 3);
  await gateway.stop();
  await eventually(() => broker.titles.at(-1) === 'NDEATH');

  expect(broker.titles[0]).toBe('NBIRTH');
  expect(broker.titles.indexOf('DBIRTH probe')).toBeLessThan(broker.titles.indexOf('DDATA probe'));
  expect(broker.values('probe')).toEqual(SOIL_VALUES);
  const seqs = broker.seen.slice(0, -1).map(({ payload }) => payload.seq);
  expect(seqs).toEqual(seqs.map((_, index) => index));
  const birth = broker.seen.find(({ type }) => type === 'DBIRTH')!;
  expect(birth.payload.metrics[0]).toMatchObject({
    name: 'soil/moisture',
    dataType: DATA_TYPES.Double,
    value: 23.4,
    properties: { engUnit: '%', zone: 'north' },
  });
  const bdSeqs = [broker.seen[0]!, broker.seen.at(-1)!].map(({ payload }) => payload.metrics[0]);
  expect(bdSeqs).toMatchObject([
    { name: 'bdSeq', value: 0 },
    { name: 'bdSeq', value: 0 },
  ]);
});

test('the session is clean MQTT 3.1.1, with NDEATH as its will at QoS 1, not retained, holding only bdSeq', async () => {
  const { broker, startBroker, startGateway } = await setUp();
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('NBIRTH'));
  const [packet] = broker.connects;
  expect(packet).toMatchObject({
    protocolVersion: 4,
    clean: true,
    will: { topic: 'spBv1.0/farm/NDEATH/shed', qos: 1, retain: false },
  });
  const will = decodePayload(packet!.will!.payload as Buffer);
  expect(will.seq).toBeUndefined();
  expect(will.metrics).toMatchObject([{ name: 'bdSeq', value: 0, dataType: DATA_TYPES.Int64 }]);
});

test('a device that died while the broker was away: its last readings first, then its DDEATH', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  const line = await soilProbe(port);
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('DDATA probe'));
  await broker.stop();
  const before = broker.seen.length;
  const polls = line.received;
  await eventually(() => line.received >= polls + 3);
  await line.unplug();
  await startBroker();
  await eventually(() => broker.titles.slice(before).includes('DDEATH probe'));
  const ofProbe = broker.titles.slice(before).filter((title) => title.endsWith('probe'));
  expect(ofProbe[0]).toBe('DBIRTH probe');
  expect(ofProbe.at(-1)).toBe('DDEATH probe');
  expect(ofProbe.filter((title) => title === 'DDATA probe').length).toBeGreaterThanOrEqual(2);
});

test('the gateway reports its own backlog', async () => {
  const { broker, startBroker, startGateway } = await setUp();
  await startBroker();
  await startGateway();
  await eventually(() => broker.seen.find(({ type }) => type === 'NDATA'));
  expect(broker.seen[0]!.payload.metrics.map(({ name }) => name)).toEqual([
    'bdSeq',
    'Node Control/Rebirth',
    'Ledger/Id',
    'Ledger/First',
    'Ledger/Next',
    'Event',
    'gateway/bus_load/field',
    'gateway/turnaround/field',
    'gateway/bus_errors/field',
    'gateway/bus_crc_errors/field',
    'gateway/bus_timeouts/field',
    'gateway/bus_retries/field',
    'gateway/backlog',
    'gateway/dropped',
  ]);
});

test('bdSeq goes on after a restart', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  await soilProbe(port);
  await startBroker();
  for (const bdSeq of [0, 1]) {
    const gateway = await startGateway();
    const isBorn = () =>
      broker.seen.some(({ type, payload }) => {
        return type === 'NBIRTH' && payload.metrics[0]?.value === bdSeq;
      });
    await eventually(isBorn);
    await gateway.stop();
  }
});

test('a rebirth command brings all births again', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  await soilProbe(port);
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('DDATA probe'));
  const rebirth = { name: 'Node Control/Rebirth', timeMs: 1, dataType: DATA_TYPES.Boolean, value: true };
  await broker.publish('spBv1.0/farm/NCMD/shed', Buffer.from(encodePayload({ metrics: [rebirth] })));
  await broker.publish('spBv1.0/farm/NCMD/shed', Buffer.from('not a payload'));
  await eventually(() => broker.titles.filter((title) => title === 'DBIRTH probe').length === 2);
  expect(broker.titles.filter((title) => title === 'NBIRTH')).toHaveLength(2);
});

test('while the broker is away readings are kept, and come as historical after the births', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  await soilProbe(port);
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('DDATA probe'));
  await broker.stop();
  const before = broker.seen.length;
  await startBroker();
  const isHistorical = ({ payload }: SeenMessage) => payload.metrics.some((one) => one.isHistorical);
  const sinceReturn = () => broker.seen.slice(before).filter(({ type }) => type !== 'NDEATH');
  await eventually(() =>
    sinceReturn()
      .filter(({ device }) => device === 'probe')
      .some(isHistorical),
  );
  expect(
    sinceReturn()
      .slice(0, 2)
      .map(({ type }) => type),
  ).toEqual(['NBIRTH', 'DBIRTH']);
  // A second lies between going and coming back, and there is a reading each 100 ms.
  await eventually(() => sinceReturn().filter(isHistorical).length >= 3);
  const live = () => sinceReturn().filter((one) => one.type === 'DDATA' && !isHistorical(one));
  await eventually(() => live().length >= 2);
});

test('a broker that is not there at start is found when it comes', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  await soilProbe(port);
  await startGateway();
  await startBroker();
  await eventually(() => broker.titles.includes('DBIRTH probe'));
});

test('a broker that accepts and never answers does not hold up a stop', async () => {
  const { brokerPort, startGateway } = await setUp();
  let isAccepted = false;
  const mute = createServer(() => {
    isAccepted = true;
  });
  mute.listen(brokerPort, '127.0.0.1');
  onTestFinished(() => {
    mute.close();
  });
  const gateway = await startGateway();
  await eventually(() => isAccepted);
  const startMs = performance.now();
  await gateway.stop();
  expect(performance.now() - startMs).toBeLessThan(8_000);
});

test('a broker that refuses the password is reported once, and tried again', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'password'), 'secret\n');
  const { broker, startBroker, startGateway, logged } = await setUp({}, folder, {
    username: 'shed',
    passwordFile: 'password',
  });
  const passwords: string[] = [];
  broker.authenticate = (username, password) => {
    passwords.push(`${username}:${password}`);
    return passwords.length > 2;
  };
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('NBIRTH'));
  expect(passwords).toEqual(Array(3).fill('shed:secret'));
  const problems = logged().filter(({ code }) => code === 'BROKER_UNAVAILABLE');
  expect(problems).toHaveLength(1);
  expect(problems[0]!.msg).toContain('Not authorized');
  expect(JSON.stringify(logged())).not.toContain('secret');
});

test('with a primary host nothing is sent before it is online', async () => {
  const { port, broker, startBroker, startGateway } = await setUp({ primaryHost: 'main' });
  await soilProbe(port);
  await startBroker();
  await startGateway();
  const state = (online: boolean, timestamp: number) => JSON.stringify({ online, timestamp });
  await broker.publish('spBv1.0/STATE/main', state(false, 1), true).catch(() => {});
  expect(broker.titles.filter((title) => title.startsWith('N'))).toEqual([]);
  await broker.publish('spBv1.0/STATE/main', state(true, 2), true);
  await eventually(() => broker.titles.includes('DDATA probe'));
  await broker.publish('spBv1.0/STATE/main', state(false, 3), true);
  await eventually(() => broker.titles.at(-1) === 'NDEATH');
});

test('a port that is missing at start is opened when it is there; the device shows as missing until then', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('DDEATH probe'));
  expect(broker.values('probe')).toEqual({
    'soil/moisture': null,
    'soil/temperature': null,
    'soil/ec': null,
  });
  await soilProbe(port);
  await eventually(() => broker.titles.includes('DDATA probe'));
  expect(broker.values('probe')).toEqual(SOIL_VALUES);
});

test('a port that vanishes mid-run is a DDEATH, and its return a DBIRTH, by itself', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  const line = await soilProbe(port);
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('DDATA probe'));
  await line.unplug();
  await eventually(() => broker.titles.includes('DDEATH probe'));
  const dead = broker.seen.length;
  await soilProbe(port);
  await eventually(() => broker.titles.slice(dead).includes('DDATA probe'));
  expect(broker.titles.slice(dead).find((title) => title.endsWith('probe'))).toBe('DBIRTH probe');
});

test('garbage on the line costs readings, and never makes a wrong one', async () => {
  const { port, broker, startBroker, startGateway } = await setUp();
  let turn = 0;
  await soilProbe(port, (bytes) => {
    turn++;
    if (turn % 4 === 1) return Uint8Array.of(0x00, 0xff, ...bytes);
    if (turn % 4 === 2) return bytes.map((byte, at) => (at === 5 ? byte ^ 0x08 : byte));
    return bytes;
  });
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.filter((title) => title === 'DDATA probe').length >= 5);
  for (const { payload } of broker.seen.filter(({ type }) => type === 'DDATA')) {
    expect(payload.metrics.map(({ value }) => value)).toEqual([23.4, -1, 812]);
  }
});

describeWith('python3-pymodbus')('a slave that nobody here wrote', () => {
  test('pymodbus on a pseudo-terminal is polled, and its registers are published', async () => {
    const { port, broker, startBroker, startGateway } = await setUp();
    const slavePort = await freePort();
    const script = join(import.meta.dirname, 'testing/foreign-slave.py');
    const slave = spawn(DEBIAN_PYTHON, [script, String(slavePort), '1', JSON.stringify({ input: SOIL })]);
    onTestFinished(() => {
      slave.kill();
    });
    const socket = await eventually(
      () =>
        new Promise<ReturnType<typeof connect>>((resolve, reject) => {
          const attempt = connect(slavePort, '127.0.0.1', () => resolve(attempt));
          attempt.once('error', reject);
        }),
    );
    onTestFinished(() => {
      socket.destroy();
    });
    const line = await openPtyLine(port, (frame) => socket.write(frame));
    onTestFinished(() => line.unplug());
    socket.on('data', (bytes) => line.send(bytes));
    await startBroker();
    await startGateway();
    await eventually(() => broker.titles.includes('DDATA probe'));
    expect(broker.values('probe')).toEqual(SOIL_VALUES);
  });
});

test('a value that stands still is not sent again before its longest silence is over', async () => {
  const report = Object.fromEntries(
    Object.keys(SOIL_VALUES).map((name) => [name, { deadBand: 0.1, longestSilenceS: 3_600 }]),
  );
  const { port, broker, startBroker, startGateway } = await setUp({ report });
  const line = await soilProbe(port);
  await startBroker();
  await startGateway();
  await eventually(() => broker.titles.includes('DDATA probe'));
  const polls = line.received;
  await eventually(() => line.received >= polls + 5);
  expect(broker.titles.filter((title) => title === 'DDATA probe')).toHaveLength(1);
});

test('a driver that cannot start leaves no valve of another open', async () => {
  const taken = createSocket('udp4');
  await new Promise<void>((resolve) => taken.bind(0, '127.0.0.1', resolve));
  onTestFinished(() => void taken.close());
  const { port } = taken.address();
  const node = { id: 'soil', profile: 'nbiot-soil-node' };
  const nodes = { driver: 'nbiot', id: 'nodes', hosts: ['127.0.0.1'], port, devices: [node] };
  const folder = temporaryFolder();
  const bus = join(folder, 'valves');
  const closed: number[] = [];
  const line = await openPtyLine(bus, (frame) => {
    const { unit, pdu } = unwrapRtu(frame);
    const request = decodeRequest(pdu);
    if (request.function === 'writeSingleCoil') closed.push(request.address);
    const answer = 'count' in request ? { bits: Array<boolean>(request.count).fill(false) } : {};
    line.send(wrapRtu(unit, encodeResponse(request, answer as never)));
  });
  onTestFinished(() => line.unplug());
  const valves = { id: 'valves', unit: 1, profile: 'valve-controller-8' };
  const rtu = { driver: 'modbus-rtu', id: 'field', port: bus, baud: 115_200, devices: [valves] };
  const { startGateway } = await setUp({ drivers: [nodes, rtu] as never }, folder);
  await expect(startGateway()).rejects.toThrow(/another program uses that port/);
  expect(closed.toSorted()).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
});
