import { rmSync, symlinkSync, writeSync } from 'node:fs';
import type { Duplex } from 'node:stream';
import * as nodePty from '@lydell/node-pty';
import { SerialPort } from 'serialport';

/** `open` is in the package and not in its types. */
const { open } = nodePty as unknown as { open(options: { encoding: null }): Opened };

interface Opened {
  readonly _pty: string;
  readonly _fd: number;
  readonly _master: Duplex;
  readonly _slave: Duplex;
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
  const { _pty: path, _fd: fd, _master: master, _slave: slave } = open({ encoding: null });
  // Reading here it would take what is meant for whoever opens the port.
  slave.destroy();
  // Setting it up once as a serial port turns echo and line editing off for good.
  const setter = await SerialPort.binding.open({ path, baudRate: 9600, lock: false });
  await setter.close();
  let received = 0;
  master.on('data', (bytes: Buffer) => {
    received++;
    receive(bytes);
  });
  // The far end reads EIO while nobody has the port open, and when it is closed under it.
  master.on('error', () => {});
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
        master.once('close', () => resolve());
        master.destroy();
      });
    },
  };
}
