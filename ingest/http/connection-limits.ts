import type { Socket } from 'node:net';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Log } from '../../core/log.ts';
import { addressKey } from '../../core/passwords/token-buckets.ts';
import type { App } from './app.ts';

export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Of one address; not looked at behind a proxy, whose address all have. */
  readonly maxPerAddress: number;
  /** Requests of one connection whose answers have not left yet. */
  readonly maxUnanswered: number;
  /** A connection on which nothing moves for so long is closed, whatever it still owes or is owed. */
  readonly idleMs: number;
}

/** An office behind one router, or a node of programs, has some dozens. Browsers and proxies send one request after the other; programs that pipeline send a few. */
export const LIMITS: ConnectionLimits = {
  maxConnections: 1_000,
  maxPerAddress: 250,
  maxUnanswered: 8,
  idleMs: 60_000,
};

/**
 * Bounds what clients can make the server hold. One read of 64 kB can carry more than a thousand pipelined requests,
 * all parsed before the first answer is written, and whoever never reads leaves every answer in memory: so a
 * connection that asks on and does not take what it asked for is cut.
 */
export function limitConnections(
  app: App,
  log: Log,
  { maxConnections, maxPerAddress, maxUnanswered, idleMs }: ConnectionLimits,
): void {
  const unanswered = new WeakMap<Socket, number>();
  app.server.maxConnections = maxConnections;
  app.server.setTimeout(idleMs);
  limitPerAddress(app, log, maxPerAddress);
  app.addHook('onRequest', (request: FastifyRequest, reply: FastifyReply, next: () => void): void => {
    const { socket } = request.raw;
    // What came in the same read as the request that was one too many: nobody is left to answer.
    if (socket.destroyed) return;
    const waiting = unanswered.get(socket) ?? 0;
    if (waiting >= maxUnanswered) {
      log.warn({ unanswered: waiting }, 'HTTP connection cut: it asks on before its answers are taken');
      socket.destroy();
      return;
    }
    unanswered.set(socket, waiting + 1);
    reply.raw.once('close', () => unanswered.set(socket, unanswered.get(socket)! - 1));
    next();
  });
}

/** One address that opens connections and says nothing on them must not keep out everybody else. */
function limitPerAddress(app: App, log: Log, most: number): void {
  const open = new Map<string, { count: number; isTold: boolean }>();
  app.server.on('connection', (socket: Socket) => {
    const address = addressKey(socket.remoteAddress ?? '');
    const known = open.get(address) ?? { count: 0, isTold: false };
    if (known.count >= most) {
      if (!known.isTold)
        log.warn(
          { address, connections: most },
          'HTTP connections of one address are too many: no more are taken',
        );
      known.isTold = true;
      socket.destroy();
      return;
    }
    known.count++;
    open.set(address, known);
    socket.once('close', () => {
      if (--known.count === 0) open.delete(address);
    });
  });
}
