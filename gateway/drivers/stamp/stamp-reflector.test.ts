import { execFile } from 'node:child_process';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, onTestFinished, test } from 'vitest';
import { checkConfig } from '../../../core/config.ts';
import { eventually } from '../../../core/testing/eventually.ts';
import { freePort } from '../../../core/testing/free-port.ts';
import { DEBIAN_PYTHON, describeWith } from '../../../core/testing/needs.ts';
import { driverContext } from '../../testing/driver-context.ts';
import { StampReflectorConfig } from './config.ts';
import { decodeReply, encodeSenderPacket, type StampReply } from './stamp-packet.ts';
import { type StampReflector, stampReflector } from './stamp-reflector.ts';

const HOSTS = { udp4: '127.0.0.1', udp6: '::1' } as const;
const clock = { isSynced: true, errorMs: 1 };

function make(parts: object): StampReflector {
  const config = checkConfig(StampReflectorConfig, { driver: 'stamp-reflector', ...parts });
  return stampReflector.create(config, driverContext()) as StampReflector;
}

async function started(parts: object = {}) {
  const port = await freePort();
  const driver = make({ listen: ['127.0.0.1', '::1'], port, ...parts });
  onTestFinished(() => driver.stop());
  await driver.start();
  expect(driver.trouble()).toBeUndefined();
  return { driver, port };
}

function sender(type: 'udp4' | 'udp6' = 'udp4'): Socket {
  const socket = createSocket(type);
  onTestFinished(() => void socket.close());
  return socket;
}

function probe(sequence: number, sizeBytes = 44): Buffer {
  const packet = Buffer.alloc(sizeBytes);
  encodeSenderPacket(packet, { sequence, utcMs: Date.now(), format: 'ntp', clock });
  return packet;
}

async function ask(
  socket: Socket,
  port: number,
  packet: Buffer,
  host: string = HOSTS.udp4,
): Promise<StampReply> {
  const answer = once(socket, 'message');
  socket.send(packet, port, host);
  const [bytes] = (await answer) as [Buffer];
  const reply = decodeReply(bytes, 'ntp', Date.now());
  if (reply.kind === 'rejected') throw new Error(reply.reason);
  return reply;
}

test.each(['udp4', 'udp6'] as const)(
  '%s: it answers with the number that was sent, and tells what it saw',
  async (type) => {
    const { port } = await started();
    const socket = sender(type);
    const before = Date.now();
    const reply = await ask(socket, port, probe(4_000_000_000), HOSTS[type]);
    expect(reply).toMatchObject({ sequence: 4_000_000_000, senderSequence: 4_000_000_000 });
    expect(reply.senderTtl).toBeGreaterThan(0);
    expect(reply.dwellMs).toBeGreaterThan(0);
    expect(reply.receivedMs).toBeGreaterThan(before - 2);
    expect(reply.receivedMs).toBeLessThan(Date.now() + 2);
  },
);

test('a stateful one counts by itself, for each port of a sender', async () => {
  const { port } = await started({ counting: 'stateful' });
  const [one, other] = [sender(), sender()];
  const sequences = [];
  for (const socket of [one, one, other, one]) sequences.push((await ask(socket, port, probe(77))).sequence);
  expect(sequences).toEqual([0, 1, 0, 2]);
});

test('who may use it can change while it runs', async () => {
  const { driver, port } = await started({ allow: ['127.0.0.1'] });
  const [allowed, stranger] = [sender(), sender()];
  await new Promise<void>((resolve) => stranger.bind(0, '127.0.0.2', resolve));
  const heard: number[] = [];
  stranger.on('message', (bytes) => heard.push(bytes.readUInt32BE(0)));
  stranger.send(probe(1), port, HOSTS.udp4);
  // What came before was looked at when this is answered.
  await ask(allowed, port, probe(2));
  driver.allowReflection(['192.0.2.0/24', 'not an address', '127.0.0.2']);
  await eventually(() => {
    stranger.send(probe(3), port, HOSTS.udp4);
    return heard.length > 0;
  });
  expect(heard).not.toContain(1);
  expect(await ask(allowed, port, probe(4))).toMatchObject({ senderSequence: 4 });
});

test('what is allowed before it starts is allowed when it has started', async () => {
  const port = await freePort();
  const driver = make({ allow: [], port });
  onTestFinished(() => driver.stop());
  driver.allowReflection(['127.0.0.1']);
  await driver.start();
  expect(await ask(sender(), port, probe(3))).toMatchObject({ senderSequence: 3 });
});

test('what is allowed while it starts is as well', async () => {
  const port = await freePort();
  const driver = make({ allow: [], port });
  onTestFinished(() => driver.stop());
  const starting = driver.start();
  driver.allowReflection(['127.0.0.1']);
  await starting;
  const socket = sender();
  let isHeard = false;
  socket.once('message', () => {
    isHeard = true;
  });
  // The thread hears of it when it runs.
  await eventually(() => {
    socket.send(probe(3), port, HOSTS.udp4);
    return isHeard;
  });
});

test('two reflectors that are set on each other say nothing', async () => {
  const [{ port: one }, { port: other }] = [await started(), await started()];
  // A packet with the source of another reflector cannot be sent from here: instead, what that one would answer.
  const socket = sender();
  const answer = once(socket, 'message');
  socket.send(probe(1), one, HOSTS.udp4);
  const [bytes] = (await answer) as [Buffer];
  const heard: Buffer[] = [];
  socket.on('message', (message) => heard.push(message));
  for (const length of [44, 41, 38]) socket.send(bytes.subarray(0, length), other, HOSTS.udp4);
  // It is answered, and what came before it would have been.
  await ask(socket, other, probe(9));
  expect(heard.map((message) => message.readUInt32BE(24))).toEqual([9]);
});

test('random bytes get an answer of their size or of 44, or none, and it lives on', async () => {
  const { port } = await started();
  const socket = sender();
  const largest: number[] = [];
  socket.on('message', (bytes) => largest.push(bytes.length));
  const datagrams = fc.sample(fc.uint8Array({ maxLength: 300 }), 500);
  for (const bytes of datagrams) socket.send(bytes, port, HOSTS.udp4);
  await ask(socket, port, probe(1, 1_200));
  expect(Math.max(...largest)).toBe(1_200);
  const answered = datagrams.filter(({ length }) => length >= 14).length;
  expect(largest.length).toBeLessThanOrEqual(answered + 1);
  expect(await ask(socket, port, probe(2))).toMatchObject({ senderSequence: 2 });
});

describe('where it cannot listen', () => {
  test('a port that is taken is trouble, and taken as soon as it is free', async () => {
    const blocker = createSocket('udp4');
    await new Promise<void>((resolve) => blocker.bind(0, HOSTS.udp4, resolve));
    const { port } = blocker.address();
    const driver = make({ port });
    onTestFinished(() => driver.stop());
    await driver.start();
    expect(driver.trouble()).toMatchObject({ code: 'PORT_TAKEN' });
    await new Promise<void>((resolve) => blocker.close(() => resolve()));
    await driver.poll();
    await expect.poll(() => driver.trouble()).toBeUndefined();
    expect(await ask(sender(), port, probe(3))).toMatchObject({ senderSequence: 3 });
  });

  test('an address that is not of this machine is named', async () => {
    const driver = make({ listen: ['192.0.2.1'], allow: [], port: await freePort() });
    onTestFinished(() => driver.stop());
    await driver.start();
    expect(driver.trouble()).toMatchObject({ code: 'LISTEN_FAILED' });
    expect(driver.trouble()!.message).toMatch(/192\.0\.2\.1.*EADDRNOTAVAIL/);
  });
});

test('beyond this machine it wants to be told whom it answers', () => {
  for (const address of ['0.0.0.0', '192.0.2.1', '::'])
    expect(() => make({ listen: ['127.0.0.1', address] })).toThrow(/nothing says whom/);
  expect(() => make({ listen: ['0.0.0.0'], allow: ['any'] })).not.toThrow();
  expect(() => make({ listen: ['192.0.2.1'], allow: [] })).not.toThrow();
  expect(() => make({ listen: ['127.0.0.1', '::1'] })).not.toThrow();
});

test('what is no address is named', () => {
  expect(() => make({ listen: ['pop-a'], allow: ['10.0.0.0/33'] })).toThrow(
    /pop-a is no IP.*10\.0\.0\.0\/33/s,
  );
});

const SCRIPT = join(import.meta.dirname, 'testing', 'foreign-sender.py');

describeWith('python3')('a sender in another language', () => {
  test.each(['127.0.0.1', '::1'])('%s: every size is answered, in its class, with TTL 255', async (host) => {
    const { port } = await started();
    const sizes = ['44', '14', '41:ffff', '1400:00ff'];
    const { stdout } = await promisify(execFile)(DEBIAN_PYTHON, [SCRIPT, host, `${port}`, ...sizes]);
    const told = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(told.map(({ size }) => size)).toEqual([44, 44, 41, 1_400]);
    for (const [at, one] of told.entries()) {
      expect(one).toMatchObject({ from: host, ttl: 255, dscp: 46, senderTtl: 77, isHeaderBack: true });
      expect([one.sequence, one.senderSequence]).toEqual([5 + at, 5 + at]);
      for (const ms of [one.forwardMs, one.dwellMs, one.backMs]) {
        expect(ms).toBeGreaterThan(-0.01);
        expect(ms).toBeLessThan(1_000);
      }
    }
    expect(told[3].answer.slice(88)).toBe(told[3].sent.slice(88));
  });
});
