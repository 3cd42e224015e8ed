import { execFile } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { promisify } from 'node:util';
import type { Measurement } from '../core/testing/median-of-three.ts';

/** Each is loaded and runs in a process of its own, so that its peak memory is its own. */
const BENCHES: Readonly<Record<string, () => Promise<readonly Measurement[]>>> = {
  codec: async () => (await import('../core/sparkplug/codec.bench.ts')).benchCodec(),
  modbus: async () => (await import('../gateway/gateway.bench.ts')).benchModbus(),
  outbox: async () => (await import('../gateway/outbox/outbox.bench.ts')).benchOutbox(),
  stores: async () => (await import('../ingest/stores/store.bench.ts')).benchStores(),
  ingest: async () => (await import('../ingest/ingest.bench.ts')).benchIngest(),
};

const MOST_OUTPUT_BYTES = 1_000_000;

/** `npm run bench [-- codec …]`: figures for this machine, each the median of three. */
async function main(names: readonly string[]): Promise<void> {
  const unknown = names.find((name) => !(name in BENCHES));
  if (unknown !== undefined) {
    process.stderr.write(`bench: there is no "${unknown}"; there are ${Object.keys(BENCHES).join(', ')}\n`);
    process.exitCode = 78;
    return;
  }
  const memoryGB = Math.round(totalmem() / 1e9);
  print(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} processors, ${memoryGB} GB, Node ${process.version}`,
  );
  print(row('what', 'median', 'unit', 'all three', 'peak MB'));
  for (const name of names.length > 0 ? names : Object.keys(BENCHES)) {
    for (const one of await inOwnProcess(name)) {
      print(
        row(one.what, format(one.median), one.unit, one.runs.map(format).join(' · '), `${one.peakMemoryMB}`),
      );
    }
  }
}

async function inOwnProcess(name: string): Promise<Measurement[]> {
  const args = [import.meta.filename, '--one', name];
  const { stdout } = await promisify(execFile)(process.execPath, args, { maxBuffer: MOST_OUTPUT_BYTES });
  return JSON.parse(stdout) as Measurement[];
}

function row(what: string, median: string, unit: string, runs: string, memory: string): string {
  return `${what.padEnd(68)} ${median.padStart(12)} ${unit.padEnd(15)} ${runs.padEnd(38)} ${memory.padStart(7)}`;
}

function format(figure: number): string {
  return figure.toLocaleString('en', { maximumSignificantDigits: figure < 100 ? 3 : 12 });
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

const [flag, ...names] = process.argv.slice(2);
if (flag === '--one') print(JSON.stringify(await BENCHES[names[0]!]!()));
else await main(process.argv.slice(2));
