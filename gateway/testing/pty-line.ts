import { closeSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { ReadStream } from 'node:tty';
import { SerialPort } from 'serialport';

/** The native part of `@lydell/node-pty`, openpty(3): the package's own `open` loses the number of the slave. */
interface NativePty {
  open(columns: number, rows: number): { master: number; slave: number; pty: string };
}

/** For tests and benchmarks: the far end of a serial line on a pseudo-terminal, under a name that can be unplugged. */
export interface PtyLine {
  /** How often something has come from whoever has the port open. */
  readonly received: number;
  send(bytes: Uint8Array): void;
  /** The name and the terminal go away, as when an adapter is pulled. */
  unplug(): Promise<void>;
}

export async function openPtyLine(name: string, receive: (bytes: Buffer) => void): Promise<PtyLine> {
  const { requireBinary } = createRequire(import.meta.url)('@lydell/node-pty/requireBinary.js') as {
    requireBinary(file: string): NativePty;
  };
  // The slave stays open and is never read: with nobody there at all, reading from the master would fail.
  const { master: fd, slave, pty: path } = requireBinary('pty.node').open(80, 24);
  const master = new ReadStream(fd);
  // Setting it up once as a serial port turns echo and line editing off for good.
  const setter = await SerialPort.binding.open({ path, baudRate: 9600, lock: false });
  await setter.close();
  let received = 0;
  master.on('data', (bytes: Buffer) => {
    received++;
    receive(bytes);
  });
  symlinkSync(path, name);
  let isOpen = true;
  return {
    get received() {
      return received;
    },
    send(bytes) {
      if (isOpen) writeSync(fd, bytes);
    },
    unplug() {
      if (!isOpen) return Promise.resolve();
      isOpen = false;
      rmSync(name, { force: true });
      return new Promise((resolve) => {
        master.once('close', () => {
          closeSync(slave);
          resolve();
        });
        master.destroy();
      });
    },
  };
}
