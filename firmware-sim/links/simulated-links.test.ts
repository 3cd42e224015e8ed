import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkConfig } from '../../core/config.ts';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { LinkConfig } from './link-config.ts';
import { flowSeed, newFlow, nextFate } from './link-model.ts';
import { SimulatedLinks } from './simulated-links.ts';

const SEED = 5;

async function boundSocket(
  type: 'udp4' | 'udp6',
): Promise<{ socket: Socket; address: string; port: number }> {
  const socket = createSocket(type);
  onTestFinished(() => void socket.close());
  socket.bind(0, type === 'udp4' ? '127.0.0.1' : '::1');
  await once(socket, 'listening');
  const { address, port } = socket.address() as AddressInfo;
  return { socket, address, port };
}

/** Answers each datagram with its own bytes. */
async function echo(type: 'udp4' | 'udp6') {
  const made = await boundSocket(type);
  const seenPorts = new Set<number>();
  made.socket.on('message', (bytes, { address, port }) => {
    seenPorts.add(port);
    made.socket.send(bytes, port, address);
  });
  return { ...made, seenPorts };
}

async function upLink(type: 'udp4' | 'udp6', parts: object = {}) {
  const { address, port, seenPorts } = await echo(type);
  const config = checkConfig(LinkConfig, {
    ...{ id: 'a', listen: { address, port: 0 }, to: { address, port } },
    ...parts,
  } as unknown as LinkConfig);
  const links = new SimulatedLinks([config], SEED, createLog('silent'));
  onTestFinished(() => links.close());
  await links.open();
  return { links, config, address, seenPorts };
}

describe('links in their thread', () => {
  it.each(['udp4', 'udp6'] as const)(
    'carry datagrams over %s, and lose and double those that the model names',
    async (type) => {
      const { links, config, address, seenPorts } = await upLink(type, {
        there: { loss: { share: 0.2 } },
        back: { duplicateShare: 0.3 },
      });
      const { socket } = await boundSocket(type);
      const heard: number[] = [];
      socket.on('message', (bytes) => heard.push(bytes.readUInt16BE(0)));
      for (let n = 0; n < 100; n++) {
        const bytes = Buffer.alloc(44);
        bytes.writeUInt16BE(n);
        socket.send(bytes, links.port('a'), address);
      }
      let [there, back] = [newFlow(flowSeed(SEED, 'a', 'there', 0)), newFlow(flowSeed(SEED, 'a', 'back', 0))];
      const expected = Array.from({ length: 100 }, (_, n) => n).flatMap((n) => {
        const step = nextFate(there, config.there);
        there = step.state;
        if (step.fate.delaysMs.length === 0) return [];
        const answer = nextFate(back, config.back);
        back = answer.state;
        return answer.fate.delaysMs.map(() => n);
      });
      expect(expected.length).toBeGreaterThan(85);
      await eventually(() => heard.length >= expected.length);
      expect(heard).toEqual(expected);
      const lost = 100 - new Set(expected).size;
      const report = await links.report('a');
      expect(report.listen).toEqual({ address, port: links.port('a') });
      expect(report).toMatchObject({
        ...{ flows: 1, strangers: 0, isDown: false },
        there: { arrived: 100, lost, departed: 100 - lost, reordered: 0 },
        back: { arrived: 100 - lost, lost: 0, duplicated: expected.length - (100 - lost) },
      });
      expect(seenPorts.size).toBe(1);
    },
  );

  it('delay by what is imposed, and never by less', async () => {
    const { links, address } = await upLink('udp4', { there: { delayMs: 15 }, back: { delayMs: 5 } });
    const { socket } = await boundSocket('udp4');
    const sentMs: number[] = [];
    const tookMs: number[] = [];
    socket.on('message', (bytes) => tookMs.push(performance.now() - sentMs[bytes[0]!]!));
    for (let n = 0; n < 20; n++) {
      sentMs.push(performance.now());
      socket.send(Buffer.alloc(44, n), links.port('a'), address);
      await eventually(() => tookMs.length > n, { everyMs: 1 });
    }
    expect(Math.min(...tookMs)).toBeGreaterThanOrEqual(19.9);
    // A busy machine adds to most of them, not to all.
    expect(Math.min(...tookMs)).toBeLessThan(35);
    const { there, back } = await links.report('a');
    // Histograms know values to 1 %.
    expect(there.imposed.p50).toBeCloseTo(15, 0);
    expect(there.added.p1).toBeGreaterThan(14.8);
    expect(back.added.p1).toBeGreaterThan(4.9);
  });

  it('take other settings while they run', async () => {
    const { links, address } = await upLink('udp4');
    const { socket } = await boundSocket('udp4');
    let heard = 0;
    socket.on('message', () => heard++);
    const send = () => socket.send(Buffer.alloc(44), links.port('a'), address);
    send();
    await eventually(() => heard === 1);
    links.change('a', { isDown: true });
    // The report comes after the change.
    expect((await links.report('a')).isDown).toBe(true);
    send();
    await eventually(async () => (await links.report('a')).there.lost === 1);
    links.change('a', { isDown: false });
    await links.report('a');
    send();
    await eventually(() => heard === 2);
    expect(() => links.change('b', { isDown: true })).toThrow(/no link b/);
    const there = { delayMs: 0, loss: { share: 0.9, meanBurst: 2 }, duplicateShare: 0 };
    expect(() => links.change('a', { there })).toThrow(/66.7 %/);
  });

  it('say which port is taken, and can be closed and opened again', async () => {
    const { port } = await boundSocket('udp4');
    const to = { address: '127.0.0.1', port };
    const config = checkConfig(LinkConfig, { id: 'a', listen: to, to } as unknown as LinkConfig);
    const taken = new SimulatedLinks([config], SEED, createLog('silent'));
    await expect(taken.open()).rejects.toMatchObject({
      code: 'LISTEN_FAILED',
      details: { what: 'link a of the simulator', address: `127.0.0.1 port ${port}` },
    });
    await taken.close();
    const { links } = await upLink('udp4');
    await links.close();
    await links.close();
    expect(await links.reports()).toEqual([]);
    await links.open();
    expect(await links.reports()).toHaveLength(1);
  });
});
