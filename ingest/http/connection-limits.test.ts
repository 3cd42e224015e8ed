import { connect, type Socket } from 'node:net';
import fastify from 'fastify';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLog } from '../../core/log.ts';
import { eventually } from '../../core/testing/eventually.ts';
import type { App } from './app.ts';
import { type ConnectionLimits, limitConnections } from './connection-limits.ts';

const REQUEST = 'GET / HTTP/1.1\r\nhost: localhost\r\n\r\n';
const LIMITS: ConnectionLimits = {
  maxConnections: 100,
  maxPerAddress: 100,
  maxUnanswered: 4,
  idleMs: 60_000,
};

/** Answers each request with `bytes` bytes. */
async function server({ bytes, ...limits }: Partial<ConnectionLimits> & { bytes: number }) {
  const app: App = fastify();
  let asked = 0;
  limitConnections(app, createLog('silent'), { ...LIMITS, ...limits });
  app.get('/', async () => {
    asked++;
    return 'x'.repeat(bytes);
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  onTestFinished(() => {
    app.server.closeAllConnections();
    return app.close();
  });
  const { port } = app.server.address() as { port: number };
  const connections = () =>
    new Promise<number>((resolve) => app.server.getConnections((_, count) => resolve(count)));
  return { open: () => opened(port), asked: () => asked, connections };
}

/** A raw connection that reads nothing until it is told to. */
async function opened(port: number): Promise<Socket & { readonly isCut: () => boolean }> {
  const socket = connect(port, '127.0.0.1');
  let isCut = false;
  socket.on('error', () => {
    isCut = true;
  });
  socket.on('close', () => {
    isCut = true;
  });
  onTestFinished(() => void socket.destroy());
  await new Promise((resolve) => socket.once('connect', resolve));
  return Object.assign(socket, { isCut: () => isCut });
}

describe('an address', () => {
  it('that opens many is given no more until some are closed', async () => {
    const { open } = await server({ bytes: 10, maxPerAddress: 2 });
    const [first, second] = [await open(), await open()];
    const third = await open();
    await eventually(() => third.isCut());
    expect([first.isCut(), second.isCut()]).toEqual([false, false]);
    first.destroy();
    await eventually(async () => {
      const fourth = await open();
      fourth.write(REQUEST);
      return new Promise<boolean>((resolve) => {
        fourth.once('data', () => resolve(true));
        fourth.once('close', () => resolve(false));
      });
    });
  });
});

describe('a connection', () => {
  it('that pipelines a thousand requests in one read is cut, and only the first few are worked on', async () => {
    const { open, asked } = await server({ bytes: 10 });
    const socket = await open();
    socket.write(REQUEST.repeat(1_000));
    socket.resume();
    await eventually(() => socket.isCut());
    expect(asked()).toBeLessThanOrEqual(LIMITS.maxUnanswered);
  });

  it('may pipeline a few requests, again and again, and is answered', async () => {
    const { open, asked } = await server({ bytes: 10 });
    const socket = await open();
    let heard = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      heard += chunk;
    });
    for (let round = 1; round <= 3; round++) {
      socket.write(REQUEST.repeat(LIMITS.maxUnanswered));
      await eventually(() => heard.split('xxxxxxxxxx').length - 1 === round * LIMITS.maxUnanswered);
    }
    expect(asked()).toBe(3 * LIMITS.maxUnanswered);
    expect(socket.isCut()).toBe(false);
  });

  it('that does not take its answer is cut in time', async () => {
    const { open, asked, connections } = await server({ bytes: 10_000_000, idleMs: 100 });
    const socket = await open();
    socket.write(REQUEST);
    await eventually(async () => asked() === 1 && (await connections()) === 0);
  });

  it('beyond the bound is closed, and those that are there stay', async () => {
    const { open } = await server({ bytes: 10, maxConnections: 2 });
    const [first, second] = [await open(), await open()];
    const third = await open();
    third.resume();
    await eventually(() => third.isCut());
    for (const socket of [first, second]) {
      socket.write(REQUEST);
      expect(String(await new Promise((resolve) => socket.once('data', resolve)))).toContain('200 OK');
    }
  });
});
