import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
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
import { Program } from '../../core/testing/program.ts';
import { RabbitCluster } from '../cluster/rabbit-cluster.ts';
import { usageOf } from './process-usage.ts';

const GATEWAYS = 24;
const MESSAGES = 12_000;
const RUNS = 3;
const DATABASE = 'bench';
const WITHIN_MS = 120_000;

interface Bench {
  readonly rabbit: RabbitCluster;
  readonly influxd: Influxd;
  readonly worker: Program;
  /** Of the worker. */
  readonly url: string;
  send(key: string, body: Uint8Array): Promise<void>;
}

/**
 * What one worker takes out of its queues: messages lie there when the clock starts, and all their readings are in InfluxDB
 * when it stops. One RabbitMQ server and InfluxDB are on this machine too, so the processor time of each stands beside it.
 * Nothing where RabbitMQ is not installed.
 */
export async function benchCluster(): Promise<readonly Measurement[]> {
  if (!RabbitCluster.isInstalled()) return [];
  const influxd = await startInfluxd();
  const rabbit = await RabbitCluster.start(1);
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  const port = await freePort();
  const amqpPort = rabbit.servers[0]!.amqpPort;
  const config = join(folder, 'worker.yaml');
  const settings = {
    cluster: { urls: [`amqp://127.0.0.1:${amqpPort}`] },
    store: { kind: 'influx', url: influxd.url, database: DATABASE },
    http: { port, signIn: 'off' },
  };
  writeFileSync(config, stringify(settings));
  const worker = new Program('ingest/main.ts', ['--config', config, '--data', join(folder, 'data')]);
  const connection = new Connection({ hostname: '127.0.0.1', port: amqpPort });
  // What goes wrong with it shows in what is not stored.
  connection.on('error', () => {});
  try {
    await worker.prints(/Sluice: http/, WITHIN_MS);
    const publisher = connection.createPublisher({ confirm: true });
    const send = (routingKey: string, body: Uint8Array) =>
      publisher.send({ exchange: 'amq.topic', routingKey, durable: false }, Buffer.from(body));
    const bench = { rabbit, influxd, worker, url: `http://127.0.0.1:${port}`, send };
    return [await measure(bench, 20), await measure(bench, 1)];
  } finally {
    connection.unsafeDestroy();
    await worker.signal('SIGKILL');
    await rabbit.stop();
    await influxd.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function measure(bench: Bench, metrics: number): Promise<Measurement> {
  const { rabbit, influxd, worker, send } = bench;
  const site = `metrics-${metrics}`;
  await bear(bench, site, metrics);
  const pids = { worker: worker.child.pid!, rabbit: rabbit.pid(rabbit.servers[0]!), influxd: influxd.pid! };
  const spentMs = () => Object.values(pids).map((pid) => usageOf(pid).cpuMs);
  const runs: number[] = [];
  const microseconds: number[][] = [];
  const firstMs = Date.now() - RUNS * MESSAGES;
  for (let run = 0; run < RUNS; run++) {
    const startMs = firstMs + run * MESSAGES;
    // With what RabbitMQ spends on taking them in.
    const before = spentMs();
    // Where it stands still it takes nothing, beyond what its sockets hold.
    worker.child.kill('SIGSTOP');
    const sent = Array.from({ length: MESSAGES }, (_, number) => {
      // 0 and 1 were the births; one message of each gateway in turn.
      const seq = (Math.floor((run * MESSAGES + number) / GATEWAYS) + 2) % 256;
      return send(
        `spBv1___0.${site}.DDATA.gw-${number % GATEWAYS}.dev`,
        data(startMs + number, seq, metrics),
      );
    });
    await Promise.all(sent);
    const began = performance.now();
    worker.child.kill('SIGCONT');
    await eventually(
      async () => (await stored(influxd, site, startMs, startMs + MESSAGES)) === MESSAGES * metrics,
      {
        withinMs: WITHIN_MS,
        everyMs: 100,
      },
    );
    runs.push((MESSAGES * 1_000) / (performance.now() - began));
    microseconds.push(spentMs().map((ms, at) => ((ms - before[at]!) * 1_000) / MESSAGES));
  }
  const median = middle(runs);
  const [ofWorker, ofRabbit, ofInfluxd] = [0, 1, 2].map((at) =>
    Math.round(middle(microseconds.map((one) => one[at]!))),
  );
  return {
    what: `a worker at RabbitMQ and InfluxDB, ${metrics} reading${metrics === 1 ? '' : 's'} in a message`,
    median,
    unit: 'messages/s',
    runs,
    peakMemoryMB: usageOf(pids.worker).peakMB,
    notes: [
      `${Math.round(median * metrics)} readings/s; processor time of a message: ${ofWorker} µs of the worker, ${ofRabbit} µs of RabbitMQ, ${ofInfluxd} µs of InfluxDB`,
    ],
  };
}

/**
 * The births of all gateways, again until each is known: while a gateway is bound its first messages may overtake each other, and nobody
 * is here to answer the request for another birth.
 */
async function bear({ url, send }: Bench, site: string, metrics: number): Promise<void> {
  type Reply = { readonly gateways: readonly { site: string; gateway: string; online: boolean }[] };
  await eventually(
    async () => {
      for (let gateway = 0; gateway < GATEWAYS; gateway++)
        for (const [key, body] of births(site, `gw-${gateway}`, metrics)) await send(key, body);
      const { gateways } = (await (await fetch(`${url}/api/v1/gateways`)).json()) as Reply;
      return gateways.filter((one) => one.online && one.site === site).length === GATEWAYS;
    },
    { withinMs: WITHIN_MS, everyMs: 1_000 },
  );
}

function births(site: string, gateway: string, metrics: number): [string, Uint8Array][] {
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
    [`spBv1___0.${site}.NBIRTH.${gateway}`, encodePayload({ timeMs, seq: 0, metrics: node })],
    [`spBv1___0.${site}.DBIRTH.${gateway}.dev`, encodePayload({ timeMs, seq: 1, metrics: device })],
  ];
}

function data(timeMs: number, seq: number, count: number): Uint8Array {
  const metrics = Array.from({ length: count }, (_, at) => {
    return { alias: at + 1, timeMs, dataType: DATA_TYPES.Double, value: (timeMs % 100) + at / 100 };
  });
  return encodePayload({ timeMs, seq, metrics }, { omitTypes: true });
}

/** Readings between the two times; none is at the time of another of its series. */
async function stored(influxd: Influxd, site: string, fromMs: number, toMs: number): Promise<number> {
  const text = `SELECT count(moisture) FROM soil WHERE site = '${site}' AND time >= ${fromMs}ms AND time < ${toMs}ms`;
  type Answer = { readonly results: readonly { series?: { values: [number, number][] }[] }[] };
  const { results } = (await influxd.query(text, DATABASE)) as Answer;
  return results[0]?.series?.[0]?.values[0]?.[1] ?? 0;
}

function middle(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)]!;
}
