import { connect } from 'node:net';
import type { Clock } from '../../../core/clock.ts';
import type { Words } from '../../../core/errors.ts';
import type { OpenByteStream } from './byte-stream.ts';

export interface TcpAddress {
  /** A name, an IPv4 or an IPv6 address. */
  readonly host: string;
  readonly port: number;
}

const CONNECT_MS = 5_000;
/** A peer that went without a word is asked by the kernel after so long; requests notice sooner. */
const KEEP_ALIVE_MS = 10_000;
const BY_PEER: Words = { en: 'the other side closed it', zh: '对方已关闭连接' };

/** `host:port`, with an IPv6 address in brackets. */
export function addressOf({ host, port }: TcpAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** A TCP connection. It is closed by a reset, so that what has not been handed over yet is not delivered late. */
export function tcpStream({ host, port }: TcpAddress, clock: Clock): OpenByteStream {
  return (events, signal) =>
    new Promise((resolve, reject) => {
      const socket = connect({
        host,
        port,
        noDelay: true,
        keepAlive: true,
        keepAliveInitialDelay: KEEP_ALIVE_MS,
      });
      const giveUp = () => socket.destroy(new Error('given up'));
      signal?.addEventListener('abort', giveUp, { once: true });
      if (signal?.aborted) giveUp();
      let isOpen = false;
      let isReleased = false;
      let reason: string | Words = BY_PEER;
      const cancel = clock.after(CONNECT_MS, () => {
        socket.destroy(new Error(`no connection within ${CONNECT_MS / 1000} s`));
      });
      socket.on('data', (bytes) => {
        if (!isReleased) events.bytes(bytes);
      });
      socket.on('error', (error: NodeJS.ErrnoException) => {
        reason = error.code ?? error.message;
        if (!isOpen) reject(error);
      });
      socket.once('close', () => {
        cancel();
        signal?.removeEventListener('abort', giveUp);
        if (isOpen && !isReleased) events.closed(reason);
      });
      socket.once('connect', () => {
        cancel();
        signal?.removeEventListener('abort', giveUp);
        isOpen = true;
        resolve({
          write: (bytes) => socket.write(bytes),
          close() {
            isReleased = true;
            return new Promise((done) => {
              if (socket.closed) return done();
              socket.once('close', () => done());
              socket.resetAndDestroy();
            });
          },
        });
      });
    });
}
