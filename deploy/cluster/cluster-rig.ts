import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { freePort } from '../../core/testing/free-port.ts';
import type { Influxd } from '../../core/testing/influxd.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { LoadReport } from '../../firmware-sim/load/load-fleet.ts';
import { getJson } from '../e2e/farm.ts';
import { RunningProcess } from '../e2e/process.ts';
import type { RabbitCluster } from './rabbit-cluster.ts';

export const PARTITIONS = 6;
export const DATABASE = 'cluster';

export interface Worker {
  readonly name: string;
  readonly url: string;
  readonly process: RunningProcess;
}

/** Workers of ingest and fleets of gateways at a RabbitMQ cluster, each a process of its own. */
export class ClusterRig {
  readonly #cluster: RabbitCluster;
  readonly #influxd: Influxd;
  readonly #folder = temporaryFolder();

  constructor(cluster: RabbitCluster, influxd: Influxd) {
    this.#cluster = cluster;
    this.#influxd = influxd;
  }

  /** Its own server comes first among those that it may connect to. */
  async worker(name: string, nearest: number): Promise<Worker> {
    const { servers } = this.#cluster;
    const urls = servers.map((_, at) => {
      const { amqpPort } = servers[(nearest + at) % servers.length]!;
      return `amqp://127.0.0.1:${amqpPort}`;
    });
    const port = await freePort();
    const settings = {
      cluster: { urls, worker: name, partitions: PARTITIONS },
      store: { kind: 'influx', url: this.#influxd.url, database: DATABASE },
      session: { rebirthIntervalMs: 1_000 },
      http: { port },
    };
    const process = this.#run('ingest/main.ts', name, settings);
    return { name, url: `http://127.0.0.1:${port}`, process };
  }

  /** Gateways that connect to one server; `site` tells them from those of others. */
  fleet(site: string, server: number, load: object): RunningProcess {
    const broker = { url: `mqtt://127.0.0.1:${this.#cluster.servers[server]!.mqttPort}` };
    return this.#run('firmware-sim/main.ts', site, { seed: server + 1, load: { broker, site, ...load } });
  }

  #run(script: string, name: string, settings: object): RunningProcess {
    const config = join(this.#folder, `${name}.yaml`);
    writeFileSync(config, stringify(settings));
    return new RunningProcess(script, ['--config', config, '--data', join(this.#folder, name)]);
  }
}

/** The gateways that this worker follows now, of all sites. */
export async function followed({ url }: Worker): Promise<string[]> {
  type Reply = { gateways: readonly { site: string; gateway: string; online: boolean }[] };
  const { gateways } = await getJson<Reply>(`${url}/api/v1/gateways`);
  return gateways.filter(({ online }) => online).map(({ site, gateway }) => `${site}/${gateway}`);
}

/** The account of a fleet, once all that it had to produce is confirmed. */
export async function fleetReport(fleet: RunningProcess, withinMs: number): Promise<LoadReport> {
  const [line] = await fleet.prints(/\{"load":.*\}/, withinMs);
  return (JSON.parse(line) as { load: LoadReport }).load;
}
