import { closeSync, constants, openSync, readSync, writeSync } from 'node:fs';
import { SerialPort } from 'serialport';
import { describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../core/clock.ts';
import { eventually } from '../core/testing/eventually.ts';
import { Pty } from './pty.ts';

const EVERY_BYTE = Uint8Array.from({ length: 256 }, (_, byte) => byte);

async function openPty(): Promise<{ pty: Pty; heard: () => number[]; lost: Error[] }> {
  const bytes: number[] = [];
  const lost: Error[] = [];
  const pty = await Pty.open(systemClock, {
    receive: (chunk) => bytes.push(...chunk),
    lost: (error) => lost.push(error),
  });
  onTestFinished(() => pty.close());
  return { pty, heard: () => bytes, lost };
}

/** Opens the other end as a program does that knows nothing of terminals and sets nothing. */
function openPlainly(path: string): { write(bytes: Uint8Array): void; read(): number[]; close(): void } {
  const fd = openSync(path, constants.O_RDWR | constants.O_NOCTTY | constants.O_NONBLOCK);
  const buffer = new Uint8Array(65_536);
  return {
    write: (bytes) => writeSync(fd, bytes),
    read: () => {
      try {
        return [...buffer.subarray(0, readSync(fd, buffer))];
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return [];
        throw error;
      }
    },
    close: () => closeSync(fd),
  };
}

describe('a pseudo-terminal', () => {
  it('passes all 256 byte values both ways to a program that sets nothing, without echo', async () => {
    const { pty, heard } = await openPty();
    const other = openPlainly(pty.path);
    onTestFinished(() => other.close());
    other.write(EVERY_BYTE);
    await eventually(() => heard().length >= 256);
    expect(heard()).toEqual([...EVERY_BYTE]);
    pty.write(EVERY_BYTE);
    const seen: number[] = [];
    await eventually(() => seen.push(...other.read()) >= 256);
    expect(seen).toEqual([...EVERY_BYTE]);
    expect(heard()).toHaveLength(256);
  });

  it('is a serial port to the serial library', async () => {
    const { pty, heard } = await openPty();
    const port = new SerialPort({ path: pty.path, baudRate: 9600 });
    const seen: number[] = [];
    port.on('data', (chunk: Buffer) => seen.push(...chunk));
    port.write(Buffer.from(EVERY_BYTE));
    await eventually(() => heard().length === 256);
    pty.write(EVERY_BYTE);
    await eventually(() => seen.length === 256);
    await new Promise<void>((resolve) => port.close(() => resolve()));
    expect([heard(), seen]).toEqual([[...EVERY_BYTE], [...EVERY_BYTE]]);
  });

  it('works on however often the other program comes and goes', async () => {
    const { pty, heard, lost } = await openPty();
    for (let visit = 0; visit < 20; visit++) {
      const other = openPlainly(pty.path);
      other.write(Uint8Array.of(visit));
      await eventually(() => heard().at(-1) === visit);
      pty.write(Uint8Array.of(visit, 0x0a));
      await eventually(() => other.read()[0] === visit);
      other.close();
    }
    expect(lost).toEqual([]);
  });

  it('neither blocks nor fails when nobody reads, and works again when somebody does', async () => {
    const { pty } = await openPty();
    for (let count = 0; count < 200; count++) pty.write(new Uint8Array(1000).fill(1));
    const other = openPlainly(pty.path);
    onTestFinished(() => other.close());
    await eventually(() => {
      const drained = other.read().length === 0;
      if (drained) pty.write(Uint8Array.of(2));
      return other.read().at(-1) === 2;
    });
  });

  it.runIf(process.platform === 'linux')(
    'keeps some of what the other program reads late, in order',
    async () => {
      const { pty } = await openPty();
      const other = openPlainly(pty.path);
      onTestFinished(() => other.close());
      // More than Linux holds for a terminal, and less than that and our own queue together.
      for (let count = 0; count < 24; count++) pty.write(new Uint8Array(1000).fill(count));
      const seen: number[] = [];
      await eventually(() => seen.push(...other.read()) >= 24_000);
      expect(seen).toEqual(Array.from({ length: 24_000 }, (_, at) => Math.floor(at / 1000)));
    },
  );

  it('shows the other program a port that vanishes when it is closed', async () => {
    const { pty } = await openPty();
    const other = openPlainly(pty.path);
    onTestFinished(() => other.close());
    await pty.close();
    await pty.close();
    pty.write(Uint8Array.of(1));
    expect(() => other.write(Uint8Array.of(1))).toThrow('EIO');
    expect(() => openPlainly(pty.path)).toThrow();
  });
});
