import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Connection } from 'rabbitmq-client';
import { stringify } from 'yaml';
import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { type Influxd, startInfluxd } from '../../core/testing/influxd.ts';
import type { Measurement } from '../../core/testing/median-of-three.ts';
import { RabbitCluster } from './rabbit-cluster.ts';

const GATEWAYS = 24;
const METRICS = 20;
const MESSAGES = 12_000;
const RUNS = 3;
const DATABASE = 'bench';
/** Of the clock in which Linux counts a process's time. */
const TICKS_PER_S = 100;
const WITHIN_MS = 120_000;

/**
 * What one worker takes out of its queues, from the first message to the last reading in InfluxDB: by the clock, and in its
 * own processor time, which says more where others use the machine. One RabbitMQ server, on the same machine; messages
 * wait in its queues when the clock starts. Nothing where RabbitMQ is not installed.
 */
export async function benchCluster(): Promise<readonly Measurement[]> {
  if (!RabbitCluster.isInstalled()) return [];
  const influxd = await startInfluxd();
  const cluster = await RabbitCluster.start(1);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-cluster-bench-'));
  try {
    const worker = await startWorker(cluster, influxd, folder);
    try {
      const measurements: Measurement[] = [];
      for (const metrics of [METRICS, 1])
        measurements.push(...(await measure(cluster, influxd, worker, metrics)));
      return measurements;
    } finally {
      worker.worker.kill('SIGKILL');
    }
  } finally {
    await cluster.stop();
    await influxd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface BenchWorker {
  readonly worker: ChildProcess;
  /** Where it tells its gateways. */
  readonly url: string;
}

async function startWorker(cluster: RabbitCluster, influxd: Influxd, folder: string): Promise<BenchWorker> {
  const port = await freePort();
  const config = join(folder, 'worker.yaml');
  const settings = {
    cluster: { urls: [`amqp://127.0.0.1:${cluster.servers[0]!.amqpPort}`] },
    store: { kind: 'influx', url: influxd.url, database: DATABASE },
    http: { port },
  };
  writeFileSync(config, stringify(settings));
  const child = spawn(process.execPath, ['ingest/main.ts', '--config', config, '--data', folder], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout!, 'data');
  child.stdout!.resume();
  return { worker: child, url: `http://127.0.0.1:${port}/api/v1/gateways` };
}

async function measure(
  { servers }: RabbitCluster,
  influxd: Influxd,
  { worker, url }: BenchWorker,
  metrics: number,
): Promise<Measurement[]> {
  const connection = new Connection({ hostname: '127.0.0.1', port: servers[0]!.amqpPort });
  // What goes wrong with it shows in what is not stored.
  connection.on('error', () => {});
  const publisher = connection.createPublisher({ confirm: true });
  const send = (key: string, body: Uint8Array) =>
    publisher.send({ exchange: 'amq.topic', routingKey: key, durable: false }, Buffer.from(body));
  const site = `metrics-${metrics}`;
  const wallRates: number[] = [];
  const cpuRates: number[] = [];
  let peakMemoryMB = 0;
  for (let gateway = 0; gateway < GATEWAYS; gateway++)
    for (const [key, body] of births(site, gateway, metrics)) await send(key, body);
  await eventually(async () => {
    const reply = (await (await fetch(url)).json()) as { gateways: { site: string; online: boolean }[] };
    const { gateways } = reply;
    return gateways.filter((one) => one.online && one.site === site).length === GATEWAYS;
  });
  for (let run = 0; run < RUNS; run++) {
    const startMs = Date.now() - 3_600_000 + run * MESSAGES;
    // Where it stands still it takes nothing, beyond what its sockets hold.
    worker.kill('SIGSTOP');
    const messages = Array.from({ length: MESSAGES }, (_, number) => {
      const gateway = number % GATEWAYS;
      const seq = (Math.floor((run * MESSAGES + number) / GATEWAYS) + 2) % 256;
      return send(`spBv1___0.${site}.DDATA.gw-${gateway}.dev`, data(startMs + number, seq, metrics));
    });
    await Promise.all(messages);
    const before = processorS(worker);
    const began = performance.now();
    worker.kill('SIGCONT');
    await eventually(async () => (await storedSince(influxd, site, startMs)) === MESSAGES, {
      withinMs: WITHIN_MS,
      everyMs: 200,
    });
    wallRates.push((MESSAGES * 1_000) / (performance.now() - began));
    cpuRates.push(MESSAGES / (processorS(worker) - before));
    peakMemoryMB = Math.max(peakMemoryMB, residentMB(worker));
  }
  await publisher.close();
  await connection.close();
  const of = `a worker at RabbitMQ, ${metrics} reading${metrics === 1 ? '' : 's'} in a message`;
  const row = (what: string, unit: string, runs: number[]): Measurement => {
    return { what: `${of}, ${what}`, unit, runs, median: runs.toSorted((a, b) => a - b)[1]!, peakMemoryMB };
  };
  return [row('by the clock', 'messages/s', wallRates), row('by its own time', 'messages/cpu-s', cpuRates)];
}

function births(site: string, gateway: number, metrics: number): [string, Uint8Array][] {
  const timeMs = Date.now();
  const node = [
    { name: 'bdSeq', timeMs, dataType: DATA_TYPES.Int64, value: 0 },
    { name: 'Node Control/Rebirth', timeMs, dataType: DATA_TYPES.Boolean, value: false },
  ];
  const device = Array.from({ length: metrics }, (_, at) => ({
    ...{ name: `soil/moisture/p${at}`, alias: at + 1, timeMs, dataType: DATA_TYPES.Double, value: null },
    properties: { engUnit: '%' },
  }));
  return [
    [`spBv1___0.${site}.NBIRTH.gw-${gateway}`, encodePayload({ timeMs, seq: 0, metrics: node })],
    [`spBv1___0.${site}.DBIRTH.gw-${gateway}.dev`, encodePayload({ timeMs, seq: 1, metrics: device })],
  ];
}

function data(timeMs: number, seq: number, count: number): Uint8Array {
  const metrics = Array.from({ length: count }, (_, at) => {
    return { alias: at + 1, timeMs, dataType: DATA_TYPES.Double, value: (timeMs % 100) + at / 100 };
  });
  return encodePayload({ timeMs, seq, metrics }, { omitTypes: true });
}

/** Messages of which the first reading is in the store. */
async function storedSince(influxd: Influxd, site: string, startMs: number): Promise<number> {
  const where = `site = '${site}' AND point = 'p0' AND time >= ${startMs}ms AND time < ${startMs + MESSAGES}ms`;
  const answer = (await influxd.query(`SELECT count(moisture) FROM soil WHERE ${where}`, DATABASE)) as {
    results: { series?: { values: [number, number][] }[] }[];
  };
  return answer.results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

function processorS({ pid }: ChildProcess): number {
  // After the name in brackets: state is field 3, and user and system time are 14 and 15 (proc(5)).
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]!.split(' ');
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

function residentMB({ pid }: ChildProcess): number {
  const [, kB] = readFileSync(`/proc/${pid}/status`, 'utf8').match(/VmHWM:\s+(\d+)/) ?? [];
  return Math.round(Number(kB) / 1_000);
}
