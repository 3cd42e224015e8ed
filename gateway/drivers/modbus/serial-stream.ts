import { existsSync } from 'node:fs';
import { SerialPort } from 'serialport';
import type { OpenByteStream } from './byte-stream.ts';

export interface SerialSettings {
  readonly port: string;
  readonly baud: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** A serial port, or a pseudo-terminal in its place, for one master alone. */
export function serialStream({ port: path, baud, parity, stopBits }: SerialSettings): OpenByteStream {
  return (events) =>
    new Promise((resolve, reject) => {
      const port = new SerialPort({ path, baudRate: baud, parity, stopBits, dataBits: 8, autoOpen: false });
      let isClosing = false;
      port.on('data', (bytes: Buffer) => events.bytes(bytes));
      port.on('close', (error: Error | null) => {
        if (!isClosing) events.closed(error?.message ?? 'it was closed');
      });
      // A write that fails also closes the port, and `close` above reports it.
      port.on('error', () => {});
      const release = () => {
        isClosing = true;
        return new Promise<void>((done) => (port.isOpen ? port.close(() => done()) : done()));
      };
      port.open((error) => {
        if (error) return reject(new Error(withoutPath(error.message), { cause: error }));
        resolve({
          write: (bytes) => {
            // A terminal that has been hung up reads as silence for ever; its name is gone, though.
            if (existsSync(path)) port.write(bytes);
            else release().then(() => events.closed('its name is gone'));
          },
          close: release,
        });
      });
    });
}

/** `Error: No such file or directory, cannot open /dev/ttyUSB0` says twice what our own message says. */
function withoutPath(message: string): string {
  return message.replace(/^Error:? /, '').replace(/,? cannot open .*$/i, '');
}
