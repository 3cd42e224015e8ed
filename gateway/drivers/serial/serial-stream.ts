import { existsSync } from 'node:fs';
import { SerialPort } from 'serialport';
import type { Words } from '../../../core/errors.ts';
import type { OpenByteStream } from './byte-stream.ts';

export interface SerialSettings {
  readonly port: string;
  readonly baud: number;
  readonly parity: 'none' | 'even' | 'odd';
  readonly stopBits: 1 | 2;
}

/** A serial port, or a pseudo-terminal in its place, for one driver alone. */
export function serialStream({ port: path, baud, parity, stopBits }: SerialSettings): OpenByteStream {
  return (events) =>
    new Promise((resolve, reject) => {
      const port = new SerialPort({ path, baudRate: baud, parity, stopBits, dataBits: 8, autoOpen: false });
      let isReleased = false;
      let reason: Words = { en: 'it was closed', zh: '端口已被关闭' };
      port.on('data', (bytes: Buffer) => events.bytes(bytes));
      port.on('close', (error: Error | null) => {
        if (!isReleased) events.closed(error?.message ?? reason);
      });
      // A write that fails also closes the port, and `close` above reports it.
      port.on('error', () => {});
      const close = () => new Promise<void>((done) => (port.isOpen ? port.close(() => done()) : done()));
      port.open((error) => {
        if (error) return reject(new Error(withoutPath(error.message), { cause: error }));
        resolve({
          write(bytes) {
            if (existsSync(path)) {
              port.write(bytes);
              return;
            }
            // A terminal that has been hung up may read as silence for ever; its name is gone, though.
            reason = { en: 'its name is gone', zh: '端口名称已不存在' };
            void close();
          },
          close() {
            isReleased = true;
            return close();
          },
        });
      });
    });
}

/** `Error: No such file or directory, cannot open /dev/ttyUSB0` says twice what our own message says. */
function withoutPath(message: string): string {
  return message.replace(/^Error:? /, '').replace(/,? cannot open .*$/i, '');
}
