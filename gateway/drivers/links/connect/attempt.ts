import { request as requestHttp } from 'node:http';
import { request as requestHttps } from 'node:https';
import { connect, isIPv6 } from 'node:net';
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

/** A request to `address` on a connection of its own, up to the first byte of the answer, whatever it is. */
export function attemptRequest(
  { url, address }: { readonly url: string; readonly address: string },
  signal: AbortSignal,
  whenDone: (end: AttemptEnd) => void,
): void {
  const request = url.startsWith('https:') ? requestHttps : requestHttp;
  const asked = request(url, {
    agent: false,
    signal,
    headers: { 'user-agent': 'sluice-probe', connection: 'close' },
    family: isIPv6(address) ? 6 : 4,
    lookup: (_, options, found) => {
      const family = isIPv6(address) ? 6 : 4;
      if (options.all) found(null, [{ address, family }]);
      else found(null, address, family);
    },
    // The way there is measured, and nothing secret is sent: a certificate that is out of date is no loss.
    rejectUnauthorized: false,
  });
  let isDone = false;
  const done = (end: AttemptEnd) => {
    if (!signal.aborted && !isDone) whenDone(end);
    isDone = true;
    asked.destroy();
  };
  // Before its parser has seen them: an answer of which it does not approve has come all the same.
  asked.once('socket', (socket) => socket.prependOnceListener('data', () => done({ kind: 'answered' })));
  // What is left of the answer is not waited for; its end may still complain.
  asked.on('error', (error) => done(failure(error)));
  asked.end();
}

function failure(error: Error): AttemptEnd {
  const { code = '' } = error as NodeJS.ErrnoException;
  return { kind: LOCAL.has(code) ? 'local' : 'failed', reason: reasonOf(error) };
}
