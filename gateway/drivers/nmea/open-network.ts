import type { Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import type { OpenByteStream } from '../serial/byte-stream.ts';
import { tcpStream } from '../serial/tcp-stream.ts';

/** Asks gpsd for the sentences as the receiver sends them; without it gpsd says nothing. */
const GPSD_WATCH = '?WATCH={"enable":true,"nmea":true}\n';

export function isNetwork(port: string): boolean {
  return /^(tcp|gpsd):/.test(port);
}

/** How to open `tcp://HOST:PORT` or `gpsd://HOST:PORT`; `undefined` for a serial port. Throws `CONFIG_INVALID`. */
export function openNetwork(port: string, clock: Clock): OpenByteStream | undefined {
  if (!isNetwork(port)) return undefined;
  const [, kind, host, number] =
    /^(tcp|gpsd):\/\/(\[[0-9A-Fa-f:.]+\]|[^\s:/[\]]+):(\d{1,5})$/.exec(port) ?? [];
  const isPort = Number(number) >= 1 && Number(number) <= 65_535;
  if (!host || !isPort) {
    throw new SluiceError('CONFIG_INVALID', {
      problems: `  drivers: the port "${port}" is no address; write ${kind ?? 'tcp'}://HOST:PORT`,
    });
  }
  const open = tcpStream({ host: host.replace(/^\[|\]$/g, ''), port: Number(number) }, clock);
  if (kind === 'tcp') return open;
  return async (events, signal) => {
    const stream = await open(events, signal);
    stream.write(Buffer.from(GPSD_WATCH));
    return stream;
  };
}
