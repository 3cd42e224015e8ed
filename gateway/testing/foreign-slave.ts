import { spawn } from 'node:child_process';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { DEBIAN_PYTHON } from '../../core/testing/needs.ts';
import { openPtyLine } from './pty-line.ts';

/** Values from address 0 of each table. */
export interface SlaveTables {
  readonly coil?: readonly number[];
  readonly discrete?: readonly number[];
  readonly input?: readonly number[];
  readonly holding?: readonly number[];
}

/** For tests: pymodbus, a slave that nobody here wrote, at the far end of a serial line named `portName`. */
export async function startForeignSlave(portName: string, unit: number, tables: SlaveTables): Promise<void> {
  const tcpPort = await startForeignServer('rtu', '127.0.0.1', unit, tables);
  const socket = await connected(tcpPort, '127.0.0.1');
  onTestFinished(() => {
    socket.destroy();
  });
  const line = await openPtyLine(portName, (frame) => socket.write(frame));
  onTestFinished(() => line.unplug());
  socket.on('data', (bytes) => line.send(bytes));
}

/** For tests: the same slave as a server on a TCP port of `host`, with RTU frames or those of Modbus TCP. */
export async function startForeignServer(
  framing: 'rtu' | 'tcp',
  host: string,
  unit: number,
  tables: SlaveTables,
): Promise<number> {
  const port = await freePort();
  const script = join(import.meta.dirname, 'foreign-slave.py');
  const slave = spawn(DEBIAN_PYTHON, [
    script,
    String(port),
    String(unit),
    JSON.stringify(tables),
    framing,
    host,
  ]);
  onTestFinished(() => {
    slave.kill();
  });
  const socket = await eventually(() => connected(port, host));
  socket.destroy();
  return port;
}

function connected(port: number, host: string): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const attempt = connect(port, host, () => resolve(attempt));
    attempt.once('error', reject);
  });
}
