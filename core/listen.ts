import { isIPv4, type Server } from 'node:net';
import { reasonOf, SluiceError } from './errors.ts';

/** Where a listener binds. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Whether only this machine can reach `host`: 127.0.0.0/8, ::1 or localhost. */
export function isLoopback(host: string): boolean {
  if (isIPv4(host)) return host.startsWith('127.');
  return host === '::1' || host === '[::1]' || host.toLowerCase() === 'localhost';
}

export function formatAddress({ host, port }: ListenAddress): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Resolves when `server` listens. `setting` names the port in the configuration. Throws `PORT_TAKEN` or `LISTEN_FAILED`, both retryable. */
export function listen(server: Server, address: ListenAddress, what: string, setting: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException) => reject(listenError(error, address, what, setting));
    server.once('error', fail);
    server.listen(address.port, address.host, () => {
      server.off('error', fail);
      resolve();
    });
  });
}

/** `setting` names the port in the configuration, `hostSetting` the host. */
export function listenError(
  error: NodeJS.ErrnoException,
  address: ListenAddress,
  what: string,
  setting: string,
  hostSetting = setting.replace(/port$/, 'host'),
): SluiceError {
  const details = { what, address: formatAddress(address) };
  if (error.code === 'EADDRINUSE') return new SluiceError('PORT_TAKEN', { ...details, setting }, error);
  const isPort = error.code === 'EACCES';
  const reason = isPort ? 'this user may not use that port' : reasonOf(error);
  return new SluiceError(
    'LISTEN_FAILED',
    { ...details, reason, setting: isPort ? setting : hostSetting },
    error,
  );
}
