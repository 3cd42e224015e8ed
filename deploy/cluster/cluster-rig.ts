import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';
import { freePort } from '../../core/testing/free-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import type { Influxd } from '../../core/testing/influxd.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { LoadReport } from '../../firmware-sim/load/load-fleet.ts';

import { RunningProcess } from '../e2e/process.ts';
import { FrontDoor } from './front-door.ts';
import type { RabbitCluster, RabbitServer } from './rabbit-cluster.ts';

export const PARTITIONS = 12;
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

  async worker(name: string, nearest: number): Promise<Worker> {
    const urls = this.#from(nearest).map(({ amqpPort }) => `amqp://127.0.0.1:${amqpPort}`);
    const port = await freePort();
    const settings = {
      cluster: { urls, worker: name, partitions: PARTITIONS },
      store: { kind: 'influx', url: this.#influxd.url, database: DATABASE },
      session: { rebirthIntervalMs: 1_000 },
      http: { port, signIn: 'off' },
    };
    const process = this.#run('ingest/main.ts', name, settings);
    return { name, url: `http://127.0.0.1:${port}`, process };
  }

  /** Gateways that connect to the nearest server, or another where that is away. */
  async fleet(site: string, nearest: number, load: object): Promise<RunningProcess> {
    const door = await FrontDoor.open(this.#from(nearest).map(({ mqttPort }) => mqttPort));
    onTestFinished(() => door.close());
    const broker = { url: `mqtt://127.0.0.1:${door.port}` };
    return this.#run('firmware-sim/main.ts', site, { seed: nearest + 1, load: { broker, site, ...load } });
  }

  /** All servers in turn. */
  #from(nearest: number): RabbitServer[] {
    const { servers } = this.#cluster;
    return servers.map((_, at) => servers[(nearest + at) % servers.length]!);
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
