import { execFile } from 'node:child_process';
import { availableParallelism, cpus, totalmem } from 'node:os';
import { resolve } from 'node:path';
import { parseArgs, promisify } from 'node:util';
import type { Measurement } from '../core/testing/median-of-three.ts';
import { NotMeasured } from './bench/not-measured.ts';
import { PATH_BENCHES, type PathOptions } from './bench/path.bench.ts';

/** Each is loaded and runs in a process of its own, so that its peak memory is its own. */
const BENCHES: Readonly<Record<string, (options: PathOptions) => Promise<readonly Measurement[]>>> = {
  codec: async () => (await import('../core/sparkplug/codec.bench.ts')).benchCodec(),
  modbus: async () => (await import('../gateway/gateway.bench.ts')).benchModbus(),
  outbox: async () => (await import('../gateway/outbox/outbox.bench.ts')).benchOutbox(),
  stamp: async () => (await import('../gateway/drivers/stamp/stamp.bench.ts')).benchStamp(),
  stores: async () => (await import('../ingest/stores/store.bench.ts')).benchStores(),
  alerts: async () => (await import('../ingest/alerts/judging.bench.ts')).benchJudging(),
  'alerts-latency': async () => (await import('./bench/alert-latency.bench.ts')).benchAlertLatency(),
  cluster: async () => (await import('./bench/cluster.bench.ts')).benchCluster(),
  'links-accuracy': async () => (await import('./bench/links.bench.ts')).benchLinksAccuracy(),
  'links-fping': async () => (await import('./bench/links.bench.ts')).benchLinksFping(),
  'links-agent': async () => (await import('./bench/links.bench.ts')).benchLinksAgent(),
  'links-mesh': async () => (await import('./bench/links-mesh.bench.ts')).benchLinksMesh(),
  console: async () => (await import('./bench/console.bench.ts')).benchConsole(),
  ...Object.fromEntries(
    Object.entries(PATH_BENCHES).map(([name, run]) => [
      `path-${name}`,
      async (options: PathOptions) => [await run(options)],
    ]),
  ),
};

const MOST_OUTPUT_BYTES = 1_000_000;

const USAGE = `npm run bench -- [--seconds N] [--code FOLDER] [${Object.keys(BENCHES).join('|')} …]

  --seconds   how long the sustained runs of path-… publish; default 10
  --code      another checkout, whose broker and ingest the path-… runs measure: a way to compare before and after
`;

/** Figures for this machine: each the median of three, but for path-…, which are single runs of the whole path. */
async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      seconds: { type: 'string', default: '10' },
      code: { type: 'string' },
      one: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  const unknown = positionals.find((name) => !(name in BENCHES));
  if (values.help || unknown !== undefined || !(Number(values.seconds) > 0)) {
    (values.help ? process.stdout : process.stderr).write(USAGE);
    process.exitCode = values.help ? 0 : 78;
    return;
  }
  const options: PathOptions = {
    seconds: Number(values.seconds),
    ...(values.code === undefined ? {} : { code: resolve(values.code) }),
  };
  if (values.one !== undefined) {
    const { one } = values;
    print(JSON.stringify(await BENCHES[one]!(options).catch((error) => leftOut(one, error))));
    return;
  }
  const memoryGB = Math.round(totalmem() / 1e9);
  print(
    `${cpus()[0]?.model.trim()}, ${availableParallelism()} processors, ${memoryGB} GB, Node ${process.version}`,
  );
  print(row('what', 'median', 'unit', 'all three', 'peak MB'));
  for (const name of positionals.length > 0 ? positionals : Object.keys(BENCHES)) {
    for (const one of await inOwnProcess(name, options).catch((error) => failed(name, error))) {
      const runs = one.runs.length > 1 ? one.runs.map(format).join(' · ') : '';
      print(row(one.what, format(one.median), one.unit, runs, `${one.peakMemoryMB}`));
      for (const note of one.notes ?? []) print(`    ${note}`);
    }
  }
}

async function inOwnProcess(name: string, { seconds, code }: PathOptions): Promise<Measurement[]> {
  const options = ['--seconds', `${seconds}`, ...(code === undefined ? [] : ['--code', code])];
  const args = [import.meta.filename, ...options, '--one', name];
  const { stdout, stderr } = await promisify(execFile)(process.execPath, args, {
    maxBuffer: MOST_OUTPUT_BYTES,
  });
  process.stderr.write(stderr);
  return JSON.parse(stdout) as Measurement[];
}

/** The others are measured all the same, and the exit status tells. */
function failed(name: string, error: { readonly stderr?: string; readonly message: string }): [] {
  process.stderr.write(`${name} failed:\n${error.stderr ?? error.message}`);
  process.exitCode = 1;
  return [];
}

/** What cannot be measured here is no failure. */
function leftOut(name: string, error: unknown): [] {
  if (!(error instanceof NotMeasured)) throw error;
  process.stderr.write(`${name} not measured: ${error.message}\n`);
  return [];
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

await main();
