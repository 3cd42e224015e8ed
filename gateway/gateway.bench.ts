import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemClock } from '../core/clock.ts';
import { createLog } from '../core/log.ts';
import { characterMs, silenceMs } from '../core/modbus/rtu.ts';
import { type Measurement, medianOfThree } from '../core/testing/median-of-three.ts';
import { ModbusBus } from './drivers/modbus/bus.ts';
import { serialStream } from './drivers/serial/serial-stream.ts';

const UNITS = 32;
const REGISTERS = 10;
/** Request, and answer with its data. */
const FRAMES_CHARACTERS = 8 + 5 + 2 * REGISTERS;

/**
 * Modbus reads of 10 registers from 32 units through the gateway's own bus and a serial port on a pseudo-terminal,
 * the slaves in another process: once as fast as it goes, and once at 9600 baud against what the wire allows.
 */
export async function benchModbus(): Promise<Measurement[]> {
  const freeRun = { baud: 115_200, silenceMs: 0, slaveBaud: 0, transactions: 4_000 };
  const atSpeed = { baud: 9_600, silenceMs: silenceMs(9_600), slaveBaud: 9_600, transactions: 100 };
  const most = 1_000 / (FRAMES_CHARACTERS * characterMs(9_600) + silenceMs(9_600));
  return [
    await medianOfThree('Modbus on a pseudo-terminal, without silence', 'transactions/s', async () =>
      Math.round(await transactionsPerS(freeRun)),
    ),
    await medianOfThree('Modbus at 9600 baud, 32 units, of what the wire allows', '%', async () =>
      Math.round((100 * (await transactionsPerS(atSpeed))) / most),
    ),
    await medianOfThree(
      'Modbus write at 9600 baud while all units are polled without pause, median',
      'ms',
      async () => {
        const tookMs = await writesMs();
        return Math.round(tookMs[tookMs.length >> 1]!);
      },
    ),
    await medianOfThree(
      'Modbus write at 9600 baud while all units are polled without pause, worst of 20',
      'ms',
      async () => Math.round((await writesMs()).at(-1)!),
    ),
  ];
}

interface Run {
  readonly baud: number;
  readonly silenceMs: number;
  readonly slaveBaud: number;
  readonly transactions: number;
}

function transactionsPerS({ transactions, ...run }: Run): Promise<number> {
  return withBus(run, async (_, read) => {
    const startMs = performance.now();
    await Promise.all(Array.from({ length: transactions }, (_, at) => read(at)));
    return (1_000 * transactions) / (performance.now() - startMs);
  });
}

/** What 20 writes took from being asked for to their answer, least first; the line has polls waiting all the time. */
function writesMs(): Promise<number[]> {
  return withBus({ baud: 9_600, silenceMs: silenceMs(9_600), slaveBaud: 9_600 }, async (bus, read) => {
    let isOver = false;
    const poll = async (at: number) => {
      while (!isOver) await read(at);
    };
    const polls = Promise.all(Array.from({ length: UNITS }, (_, at) => poll(at)));
    const tookMs: number[] = [];
    for (let at = 0; at < 20; at++) {
      // Not in step with the polls.
      await new Promise((resolve) => setTimeout(resolve, 7 * at));
      const startMs = performance.now();
      const write = { function: 'writeSingleRegister', address: 0, value: at } as const;
      await bus.transact(1 + (at % UNITS), write, 'command');
      tookMs.push(performance.now() - startMs);
    }
    isOver = true;
    await polls;
    return tookMs.sort((a, b) => a - b);
  });
}

async function withBus<T>(
  { baud, silenceMs, slaveBaud }: Omit<Run, 'transactions'>,
  measure: (bus: ModbusBus, read: (at: number) => Promise<unknown>) => Promise<T>,
): Promise<T> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const port = join(folder, 'bus');
  const slave = fork(join(import.meta.dirname, 'testing/slave-process.ts'), [port, String(slaveBaud)]);
  try {
    await once(slave, 'message');
    const open = serialStream({ port, baud, parity: 'none', stopBits: 1 });
    const log = createLog('error');
    const bus = new ModbusBus({
      id: 'bench',
      port,
      baud,
      silenceMs,
      timeoutMs: 1_000,
      open,
      clock: systemClock,
      log,
    });
    const read = (at: number) =>
      bus.transact(1 + (at % UNITS), { function: 'readHoldingRegisters', address: 0, count: REGISTERS });
    await read(0);
    const measured = await measure(bus, read);
    await bus.close();
    return measured;
  } finally {
    slave.kill();
    rmSync(folder, { recursive: true, force: true });
  }
}

if (import.meta.main) process.stdout.write(`${JSON.stringify(await benchModbus(), null, 2)}\n`);
