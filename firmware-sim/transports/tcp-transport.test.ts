import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { wrapRtu } from '../../core/modbus/rtu.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { serviceContext } from '../../core/testing/service-context.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { BusConfig } from '../config.ts';
import { createSimulator } from '../service.ts';
import { EVERY_KIND, smallConfig } from '../testing.ts';

async function bus(transport: NonNullable<BusConfig['transport']>) {
  const tcpPort = await freePort();
  const buses = [{ id: 'bus-1', transport, tcpPort, devices: structuredClone([...EVERY_KIND]) }];
  const context = serviceContext({ dataFolder: temporaryFolder() });
  const simulator = createSimulator(smallConfig({ buses }), context);
  onTestFinished(() => simulator.stop());
  await simulator.start(new AbortController().signal);
  return { simulator, tcpPort };
}

async function connected(port: number) {
  const socket: Socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  let hex = '';
  let isClosed = false;
  socket.on('data', (bytes) => {
    hex += bytes.toString('hex');
  });
  socket.on('close', () => {
    isClosed = true;
  });
  socket.on('error', () => {});
  await new Promise((resolve, reject) => socket.once('connect', resolve).once('error', reject));
  const send = (bytes: Uint8Array) => socket.write(bytes);
  return { send, hex: () => hex, isClosed: () => isClosed, close: () => socket.destroy() };
}

/** Coils 0 to 7 of the valve controller, all off. */
const READ_COILS = Uint8Array.of(1, 0, 0, 0, 8);
const mbap = (transaction: number, unit: number, pdu: Uint8Array) =>
  Uint8Array.from([0, transaction, 0, 0, 0, pdu.length + 1, unit, ...pdu]);

describe('a bus behind a serial-to-network converter', () => {
  it('speaks RTU frames over TCP, whatever pieces they come in', async () => {
    const { tcpPort } = await bus('rtu-over-tcp');
    const peer = await connected(tcpPort);
    const request = wrapRtu(3, READ_COILS);
    peer.send(request.subarray(0, 3));
    peer.send(request.subarray(3));
    const answer = Buffer.from(wrapRtu(3, Uint8Array.of(1, 1, 0))).toString('hex');
    await eventually(() => peer.hex() === answer);
  });

  it('is pulled out and plugged in: connections go, and new ones are answered', async () => {
    const { simulator, tcpPort } = await bus('rtu-over-tcp');
    const peer = await connected(tcpPort);
    await simulator.setPlugged('bus-1', false);
    await eventually(() => peer.isClosed());
    await expect(connected(tcpPort)).rejects.toThrow(/ECONNREFUSED/);
    await simulator.setPlugged('bus-1', true);
    const again = await connected(tcpPort);
    again.send(wrapRtu(3, READ_COILS));
    await eventually(() => again.hex() !== '');
  });
});

describe('a bus over Modbus TCP', () => {
  it('answers each request under its number, several at once', async () => {
    const { tcpPort } = await bus('modbus-tcp');
    const peer = await connected(tcpPort);
    peer.send(Buffer.concat([mbap(7, 3, READ_COILS), mbap(8, 3, Uint8Array.of(5, 0, 1, 0xff, 0))]));
    await eventually(() => peer.hex() === `${'00070000000403010100'}${'0008000000060305000' + '1ff00'}`);
    peer.send(mbap(9, 3, READ_COILS));
    await eventually(() => peer.hex().endsWith('00090000000403010102'));
  });

  it('says for a unit that nobody has that its target did not answer, and is silent for a dead one', async () => {
    const { simulator, tcpPort } = await bus('modbus-tcp');
    simulator.setFaults('bus-1', 3, [{ kind: 'dead' }]);
    const peer = await connected(tcpPort);
    peer.send(Buffer.concat([mbap(1, 3, READ_COILS), mbap(2, 99, READ_COILS)]));
    await eventually(() => peer.hex() === '00020000000363810b');
  });

  it('hangs up on a peer that speaks something else, and serves the next', async () => {
    const { tcpPort } = await bus('modbus-tcp');
    const stranger = await connected(tcpPort);
    stranger.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await eventually(() => stranger.isClosed());
    const peer = await connected(tcpPort);
    peer.send(mbap(1, 3, READ_COILS));
    await eventually(() => peer.hex() === '00010000000403010100');
  });
});
