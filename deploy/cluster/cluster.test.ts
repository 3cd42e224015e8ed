import { connectAsync } from 'mqtt';
import { Connection } from 'rabbitmq-client';
import { expect, onTestFinished, test } from 'vitest';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { eventually } from '../../core/testing/eventually.ts';
import { type Influxd, startInfluxd } from '../../core/testing/influxd.ts';
import { describeWith } from '../../core/testing/needs.ts';
import type { LoadReport } from '../../firmware-sim/load/load-fleet.ts';
import { gatewayId, loadReading } from '../../firmware-sim/load/load-reading.ts';
import { partitionOf } from '../../ingest/cluster/partition-of.ts';
import { partitionQueue } from '../../ingest/cluster/topology.ts';
import { type EdgeMessage, EdgeMessages } from '../../ingest/testing/edge-messages.ts';
import type { RunningProcess } from '../e2e/process.ts';
import { ClusterRig, DATABASE, fleetReport, followed, PARTITIONS, type Worker } from './cluster-rig.ts';
import { RabbitCluster } from './rabbit-cluster.ts';

/*
 * SLUICE_CLUSTER_SECONDS=120 runs it for longer; SLUICE_CHAOS_TRACE=1 says what happens.
 */
const SECONDS = Number(process.env.SLUICE_CLUSTER_SECONDS ?? 12);
const GATEWAYS = 12;
const MESSAGES_PER_S = 4;
const SHAPE = { gateways: GATEWAYS, devices: 2, metrics: 5, everyMs: (2 * 1_000) / MESSAGES_PER_S };
const SITES = ['north', 'east', 'south'] as const;
/** Messages that a worker holds when it dies. */
const HELD = 20;
/** Both far longer than it takes, on a busy machine too. */
const SETTLED_WITHIN_MS = 240_000;
const LIMIT_MS = (SECONDS + 1_200) * 1_000;

const trace = (text: string) =>
  process.env.SLUICE_CHAOS_TRACE && process.stderr.write(`${new Date().toISOString()} ${text}\n`);

/**
 * Resolves once every gateway has exactly one of these workers, and each worker some of them; how many each. A fleet that is done, on a
 * busy machine, is silent: no worker hears of it again.
 */
function shared(workers: readonly Worker[], fleets: readonly RunningProcess[]): Promise<number[]> {
  return eventually(
    async () => {
      const lists = await Promise.all(workers.map((worker) => followed(worker)));
      const gateways = lists.flat();
      const counts = lists.map(({ length }) => length);
      const isExact = new Set(gateways).size === gateways.length;
      const due = SITES.filter((_, at) => !fleets[at]!.output.includes('{"load":'));
      const isHeard = (site: string) =>
        gateways.filter((one) => one.startsWith(`${site}/`)).length === GATEWAYS;
      if (isExact && due.every(isHeard) && counts.every((count) => count > 0)) return counts;
      throw new Error(`${gateways.length} gateways; by worker: ${counts.join(', ')}`);
    },
    { withinMs: SETTLED_WITHIN_MS, everyMs: 100 },
  );
}

/** What the plan of a fleet says, by series and time. */
function expectedOf({ plan, produced }: LoadReport): Map<string, number> {
  const expected = new Map<string, number>();
  for (let gateway = 0; gateway < GATEWAYS; gateway++) {
    for (let number = 0; number < produced / GATEWAYS; number++) {
      const { device, point, timeMs, value } = loadReading(plan, gateway, number);
      expected.set(`${gatewayId(gateway)} ${device} ${point} ${timeMs}`, value);
    }
  }
  return expected;
}

interface InfluxAnswer {
  readonly results: readonly {
    readonly series?: readonly {
      readonly tags: Record<string, string>;
      readonly values: readonly (readonly [timeMs: number, value: number])[];
    }[];
  }[];
}

/** What the store has, asked without any of our programs. */
async function storedOf(influxd: Influxd, site: string): Promise<Map<string, number>> {
  const text = `SELECT moisture FROM soil WHERE site = '${site}' GROUP BY gateway, device, point`;
  const { results } = (await influxd.query(text, DATABASE)) as InfluxAnswer;
  const stored = new Map<string, number>();
  for (const { tags, values } of results[0]?.series ?? []) {
    for (const [timeMs, value] of values)
      stored.set(`${tags.gateway} ${tags.device} ${tags.point} ${timeMs}`, value);
  }
  return stored;
}

/** With the store away, what a worker holds is not acknowledged: it is in its queue again once the worker is dead. */
async function checkAcknowledgements(cluster: RabbitCluster, influxd: Influxd, workers: readonly Worker[]) {
  const [server] = cluster.servers;
  await influxd.pause();
  const gateway = await connectAsync(`mqtt://127.0.0.1:${server!.mqttPort}`, { protocolVersion: 4 });
  onTestFinished(() => void gateway.end(true));
  const node = new EdgeMessages('west', 'foreign');
  const metric = { name: 'soil/moisture', dataType: DATA_TYPES.Double, properties: { engUnit: '%' } };
  const say = ({ topic, bytes }: EdgeMessage) => gateway.publishAsync(topic, Buffer.from(bytes), { qos: 1 });
  await say(node.nbirth([{ ...metric, value: null }]));
  await eventually(async () => (await Promise.all(workers.map(followed))).flat().includes('west/foreign'));
  for (let value = 0; value < HELD; value++)
    await say(node.data(undefined, [{ ...metric, timeMs: Date.now() + value, value }]));
  const held = new RegExp(`sluice_readings_in_flight\\{[^}]*"foreign"[^}]*\\} ${HELD}\\b`);
  await eventually(async () => (await Promise.all(workers.map(metricsOf))).some((text) => held.test(text)));
  for (const { process } of workers) await process.signal('SIGKILL');
  const connection = new Connection({ hostname: '127.0.0.1', port: server!.amqpPort });
  onTestFinished(() => connection.unsafeDestroy());
  const queue = partitionQueue(PARTITIONS, partitionOf({ site: 'west', gateway: 'foreign' }, PARTITIONS));
  const count = async () => (await connection.queueDeclare({ queue, passive: true })).messageCount;
  await eventually(async () => (await count()) >= HELD);
}

async function metricsOf({ url }: Worker): Promise<string> {
  return (await fetch(`${url}/metrics`)).text();
}

describeWith('rabbitmq-server', 'influxd')('three servers and three workers', () => {
  test(
    'lose one of each while a fleet publishes, and the store has everything once, as it was',
    async () => {
      const influxd = await startInfluxd();
      onTestFinished(() => influxd.stop());
      const cluster = await RabbitCluster.start(3);
      onTestFinished(() => cluster.stop());
      trace('the servers are up');
      const rig = new ClusterRig(cluster, influxd);
      const workers = await Promise.all(['one', 'two', 'three'].map((name, at) => rig.worker(name, at)));
      for (const { process } of workers) await process.prints(/Sluice: http/, SETTLED_WITHIN_MS);
      trace('the workers are up');
      const load = { ...SHAPE, messages: SECONDS * MESSAGES_PER_S, resendAfterMs: 3_000 };
      const fleets = await Promise.all(SITES.map((site, server) => rig.fleet(site, server, load)));
      trace(`gateways by worker: ${await shared(workers, fleets)}`);

      const [victim, ...others] = workers as [Worker, ...Worker[]];
      expect(await followed(victim), 'it is the active one of some partition').not.toEqual([]);
      await victim.process.signal('SIGKILL');
      trace('a worker is dead');
      await cluster.kill(cluster.servers[1]!);
      trace('a server is dead');
      trace(`gateways by worker: ${await shared(others, fleets)}`);
      for (const [at, site] of SITES.entries()) {
        const report = await fleetReport(fleets[at]!, SETTLED_WITHIN_MS);
        trace(`${site}: ${JSON.stringify(report)}`);
        expect(report.produced).toBe(load.messages * GATEWAYS * SHAPE.metrics);
        const [stored, expected] = [await storedOf(influxd, site), expectedOf(report)];
        expect(stored.size, `readings of ${site}`).toBe(expected.size);
        expect(stored, `readings of ${site}`).toEqual(expected);
      }
      await checkAcknowledgements(cluster, influxd, others);
    },
    LIMIT_MS,
  );
});
