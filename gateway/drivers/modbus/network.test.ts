import { createServer, type Socket } from 'node:net';
import { expect, it, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { wrapMbap } from '../../../core/modbus/mbap.ts';
import { decodeRequest, encodeException, encodeResponse } from '../../../core/modbus/pdu.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { describeWith } from '../../../core/testing/needs.ts';
import type { Driver, Outcome, TraceLine } from '../../driver.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { startForeignServer } from '../../testing/foreign-slave.ts';
import { ModbusRtuTcpConfig, ModbusTcpConfig } from './config.ts';
import { modbusRtuTcp } from './modbus-rtu-tcp.ts';
import { modbusTcp } from './modbus-tcp.ts';

const SIGNAL = new AbortController().signal;
const DEVICES = [{ id: 'doser', unit: 7, profile: 'fertigation-controller' }];

function start(
  kind: 'rtu' | 'tcp',
  host: string,
  port: number,
  more = {},
  trace?: (line: TraceLine) => void,
) {
  const context = driverContext({ configFolder: '/', ...(trace ? { trace } : {}) });
  const config = {
    driver: kind === 'tcp' ? 'modbus-tcp' : 'modbus-rtu-tcp',
    id: 'net',
    host,
    port,
    timeoutMs: 1_000,
  };
  const settings = { ...config, devices: DEVICES, ...more };
  const driver: Driver =
    kind === 'tcp'
      ? modbusTcp.create(checkConfig(ModbusTcpConfig, settings), context)
      : modbusRtuTcp.create(checkConfig(ModbusRtuTcpConfig, settings), context);
  onTestFinished(() => driver.stop());
  const poll = (group = 'set-points') => driver.poll!('doser', group, SIGNAL);
  const write = (field: string, value: number | boolean) =>
    driver.write!({
      id: 'command',
      device: 'doser',
      metric: driver.devices[0]!.metrics.find((one) => one.quantity.field === field)!,
      value,
      leaseMs: 60_000,
      notAfterMs: context.clock.monotonicMs() + 10_000,
    });
  return { driver, poll, write, context };
}

const values = (outcome: Outcome | undefined) => outcome?.samples.map(({ value }) => value);

describeWith('python3-pymodbus')('pymodbus over a network', () => {
  it.each([
    ['tcp', '127.0.0.1'],
    ['tcp', '::1'],
    ['rtu', '127.0.0.1'],
    ['rtu', '::1'],
  ] as const)('%s at %s is read, and obeys', async (kind, host) => {
    const tables = { holding: [1500, 620, 0], coil: [0, 0], discrete: [0], input: [1480, 634, 215] };
    const port = await startForeignServer(kind, host, 7, tables);
    const { poll, write } = start(kind, host, port);
    expect(values(await poll())).toEqual([1500, 6.2]);
    expect(await write('dose_ph_setpoint', 5.8)).toEqual({ kind: 'done', value: 5.8 });
    expect(await write('dosing_state', true)).toEqual({ kind: 'done', value: true });
    expect(values(await poll())).toEqual([1500, 5.8]);
  });

  it('says what it was asked and answered, for a technician', async () => {
    const port = await startForeignServer('rtu', '127.0.0.1', 7, { holding: [1500, 620, 0] });
    const lines: string[] = [];
    const { poll, write } = start('rtu', '127.0.0.1', port, {}, ({ direction, text }) =>
      lines.push(`${direction}: ${text}`),
    );
    await poll();
    await write('dose_ec_setpoint', 900);
    expect(lines).toEqual([
      'sent: read holding 0–1 of unit 7',
      'received: answer: 0x05dc 0x026c',
      'sent: write holding 0 of unit 7: 900',
      'received: answer: written',
      'sent: read holding 0 of unit 7',
      'received: answer: 0x0384',
    ]);
  });
});

/** A Modbus TCP server of our own, for what no honest one does. `hears` may answer when and as it likes. */
async function startServer(hears: (frame: Buffer, socket: Socket, answer: Buffer) => void, port = 0) {
  const sockets = new Set<Socket>();
  const counts = { connections: 0, resets: 0 };
  const server = createServer((socket) => {
    counts.connections++;
    sockets.add(socket);
    socket.on('error', () => counts.resets++);
    socket.on('data', (frame) => {
      const request = decodeRequest(frame.subarray(7));
      const registers = 'count' in request ? Array.from({ length: request.count }, (_, at) => 500 + at) : [];
      const pdu = encodeResponse(request, 'count' in request ? { registers } : { written: true });
      hears(
        frame,
        socket,
        Buffer.from(wrapMbap({ transaction: frame.readUInt16BE(0), unit: frame[6]!, pdu })),
      );
    });
  });
  const listening = await new Promise<number>((resolve) => {
    server.listen(port, '127.0.0.1', () => resolve((server.address() as { port: number }).port));
  });
  const stop = () =>
    new Promise<void>((done) => {
      server.close(() => done());
      for (const socket of sockets) socket.destroy();
    });
  onTestFinished(stop);
  return { port: listening, counts, stop, sockets };
}

test('a server that is away is reported as that, and found when it comes', async () => {
  const port = await freePort();
  const { driver, poll } = start('tcp', '127.0.0.1', port);
  expect((await poll())?.error).toMatchObject({
    code: 'MODBUS_UNREACHABLE',
    message: expect.stringContaining(`127.0.0.1:${port}`),
  });
  expect(driver.trouble?.()?.code).toBe('MODBUS_UNREACHABLE');
  await startServer((_, socket, answer) => socket.write(answer), port);
  await eventually(async () => values(await poll())?.toString() === '500,5.01');
  expect(driver.trouble?.()).toBeUndefined();
});

test('a server that goes away under a request is tried again', async () => {
  const server = await startServer((_, socket) => socket.destroy());
  const { poll } = start('tcp', '127.0.0.1', server.port);
  expect((await poll())?.error).toMatchObject({ code: 'MODBUS_DISCONNECTED' });
  await eventually(async () => {
    await poll();
    return server.counts.connections > 1;
  });
});

test('a server may close what is idle, and nobody is troubled', async () => {
  const server = await startServer((_, socket, answer) => socket.write(answer));
  const { driver, poll } = start('tcp', '127.0.0.1', server.port);
  await poll();
  for (const socket of server.sockets) socket.end();
  await eventually(async () => {
    const found = values(await poll());
    return found?.length === 2 && server.counts.connections === 2;
  });
  expect(driver.trouble?.()).toBeUndefined();
});

test('a connection on which nothing is heard is given up, and made anew', async () => {
  let isMute = true;
  const server = await startServer((_, socket, answer) => isMute || socket.write(answer));
  const devices = [DEVICES[0], ...[8, 9].map((unit) => ({ id: `d${unit}`, unit, profile: 'tank-level' }))];
  const { driver, poll } = start('tcp', '127.0.0.1', server.port, { timeoutMs: 50, devices });
  await poll();
  for (const id of ['d8', 'd9']) await driver.poll!(id, 'readings', SIGNAL);
  isMute = false;
  await eventually(async () => values(await poll())?.toString() === '500,5.01');
  expect(server.counts).toEqual({ connections: 2, resets: 1 });
});

test('an answer that comes after its time is thrown away by its number', async () => {
  let late: Buffer | undefined;
  const server = await startServer((frame, socket, answer) => {
    // The answer to the first request comes right before that to the second, and says something else.
    if (late) return socket.write(Buffer.concat([late, answer]));
    late = Buffer.from(answer);
    late.writeUInt16BE(66, 9);
    expect(frame.readUInt16BE(0)).not.toBe(0);
    return undefined;
  });
  const { poll } = start('tcp', '127.0.0.1', server.port, { timeoutMs: 50 });
  expect((await poll())?.error).toMatchObject({ code: 'MODBUS_TIMEOUT' });
  await eventually(async () => values(await poll())?.toString() === '500,5.01');
});

test('answers may come byte by byte, and two at once', async () => {
  const server = await startServer((_, socket, answer) => {
    for (const byte of answer) socket.write(Buffer.of(byte));
  });
  const { poll } = start('tcp', '127.0.0.1', server.port);
  expect(values(await poll())).toEqual([500, 5.01]);
});

test('a stream out of step is left for a new one', async () => {
  let isOdd = true;
  const server = await startServer((_, socket, answer) => {
    socket.write(isOdd ? Buffer.from('HTTP/1.1 400 Bad Request') : answer);
    isOdd = false;
  });
  const { poll } = start('tcp', '127.0.0.1', server.port);
  expect(values(await poll())).toEqual([500, 5.01]);
  expect(server.counts.connections).toBe(2);
});

test('a unit that a gateway finds silent is silent, and left alone for a while', async () => {
  const server = await startServer((frame, socket) => {
    const pdu = encodeException(frame[7]!, 11);
    socket.write(wrapMbap({ transaction: frame.readUInt16BE(0), unit: 7, pdu }));
  });
  const { poll } = start('tcp', '127.0.0.1', server.port);
  expect(await poll()).toMatchObject({
    isReached: false,
    error: {
      code: 'MODBUS_EXCEPTION',
      message: expect.stringContaining('gateway target device failed to respond'),
    },
  });
  expect(await poll()).toBeUndefined();
});

test('units are those of each way: 0 and 255 only where a server may be the device itself', () => {
  const config = (driver: string, unit: number) => ({
    driver,
    id: 'net',
    host: 'plc',
    port: 502,
    devices: [{ id: 'plc', unit, profile: 'tank-level' }],
  });
  for (const unit of [0, 1, 247, 255])
    expect(() => checkConfig(ModbusTcpConfig, config('modbus-tcp', unit))).not.toThrow();
  for (const unit of [0, 248]) {
    expect(() => checkConfig(ModbusRtuTcpConfig, config('modbus-rtu-tcp', unit))).toThrow('unit');
  }
  expect(() => checkConfig(ModbusTcpConfig, config('modbus-tcp', 256))).toThrow('unit');
});
