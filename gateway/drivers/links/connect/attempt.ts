import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect } from 'node:net';
import { reasonOf } from '../../../../core/errors.ts';

/** What an attempt came to. `failed`: the far end or the way there refused; `local`: this machine could not even try. */
export type AttemptEnd =
  | { readonly kind: 'answered' }
  | { readonly kind: 'failed' | 'local'; readonly reason: string };

/** Shortages and missing routes of this machine: they say nothing of the link. */
const LOCAL = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EADDRNOTAVAIL',
  'ENETUNREACH',
  'ENETDOWN',
  'EACCES',
  'EPERM',
]);
/** Of a name: nobody has been asked for anything yet. */
const UNRESOLVED = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA']);

/** A TCP connection, ended as soon as it stands. `whenDone` is called once, unless `signal` comes first. */
export function attemptConnection(
  { address, port }: { readonly address: string; readonly port: number },
  signal: AbortSignal,
  whenDone: (end: AttemptEnd) => void,
): void {
  const socket = connect({ host: address, port, noDelay: true });
  // Reset instead of closed: thousands a day would else stand in TIME_WAIT.
  const end = () => socket.resetAndDestroy();
  signal.addEventListener('abort', end, { once: true });
  const done = (what: AttemptEnd) => {
    signal.removeEventListener('abort', end);
    if (!signal.aborted) whenDone(what);
    end();
  };
  socket.once('connect', () => done({ kind: 'answered' }));
  socket.once('error', (error) => done(failure(error)));
}

/**
 * A request of its own connection, up to the first byte of the answer, whatever its status. The name's address is found
 * first by the system, so that time counts too where a name is given.
 */
export function attemptRequest(url: string, signal: AbortSignal, whenDone: (end: AttemptEnd) => void): void {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const asked = request(url, {
    agent: false,
    signal,
    headers: { 'user-agent': 'sluice-probe', connection: 'close' },
  });
  const done = (end: AttemptEnd) => {
    if (!signal.aborted) whenDone(end);
    asked.destroy();
  };
  asked.once('response', () => done({ kind: 'answered' }));
  // What is left of the answer is not waited for; its end may still complain.
  asked.on('error', () => {});
  asked.once('error', (error) => done(failure(error)));
  asked.end();
}

function failure(error: Error): AttemptEnd {
  const { code = '' } = error as NodeJS.ErrnoException;
  const isLocal = LOCAL.has(code) || UNRESOLVED.has(code);
  return { kind: isLocal ? 'local' : 'failed', reason: reasonOf(error) };
}
