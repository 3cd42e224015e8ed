import { type ChildProcess, fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { eventually } from '../../core/testing/eventually.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { Influxd } from '../../core/testing/influxd.ts';
import type { FleetOrder, FleetReport } from './fleet-order.ts';
import { NotMeasured } from './not-measured.ts';
import { type ProcessUsage, usageOf } from './process-usage.ts';

const CHECKOUT = join(import.meta.dirname, '../..');
const WITHIN = { withinMs: 30_000 };
const STOP_MS = 10_000;
/** To count some ten million readings at the end takes InfluxDB longer than it is given as a rule. */
const COUNT_MS = 120_000;

/**
 * The processes of one run, each by itself as on a machine that they share: our broker, our ingest, a fleet of gateways,
 * and where wanted a real InfluxDB. `code` is the checkout whose broker and ingest are measured.
 */
export class Rig {
  readonly folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  readonly #code: string;
  readonly #processes = new Map<string, ChildProcess>();
  #influxd: Influxd | undefined;
  brokerUrl = '';
  /** What the services had to complain about. */
  said = '';
  httpUrl = '';

  constructor(code = CHECKOUT) {
    this.#code = code;
  }

  async startBroker(): Promise<void> {
    const port = await freePort();
    this.brokerUrl = `mqtt://127.0.0.1:${port}`;
    this.#run('broker', { listeners: [{ protocol: 'mqtt', port }] });
    await eventually(async () => {
      const client = await mqtt.connectAsync(this.brokerUrl, { reconnectPeriod: 0 });
      await client.endAsync();
      return true;
    }, WITHIN);
  }

  /** With the embedded store, or with an InfluxDB that is started for it. `more`: settings beside those of every run. */
  async startIngest(store: 'embedded' | 'influx', more: object = {}): Promise<void> {
    const port = await freePort();
    this.httpUrl = `http://127.0.0.1:${port}`;
    const influxUrl = store === 'influx' ? (await this.startInfluxd()).url : undefined;
    this.#run('ingest', {
      broker: { url: this.brokerUrl },
      http: { port, signIn: 'off' },
      store: influxUrl ? { kind: 'influx', url: influxUrl, timeoutMs: COUNT_MS } : { kind: 'embedded' },
      ...more,
    });
    await eventually(async () => (await this.get<{ status: string }>('/api/health')).status === 'up', WITHIN);
  }

  /** Throws `NotMeasured` where there is none on this machine. */
  async startInfluxd(): Promise<Influxd> {
    const influxd = new Influxd(await freePort());
    this.#influxd = influxd;
    await influxd.start().catch((error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw error;
      throw new NotMeasured('influxd not found (on Debian: apt install influxdb)');
    });
    return influxd;
  }

  async startPlain(influxUrl: string): Promise<ChildProcess> {
    const child = this.#fork('plain pipeline', 'plain-process.ts', [this.brokerUrl, influxUrl]);
    await once(child, 'message');
    return child;
  }

  /** Resolves when all of it is connected and born; the function it returns starts the data and resolves with what became of it. */
  async startFleet(
    order: Omit<FleetOrder, 'url'>,
  ): Promise<() => Promise<Extract<FleetReport, { kind: 'done' }>>> {
    const child = this.#fork('fleet', 'fleet-process.ts', []);
    child.send({ ...order, url: this.brokerUrl } satisfies FleetOrder);
    await once(child, 'message');
    return async () => {
      child.send('go');
      const [report] = await once(child, 'message');
      return report;
    };
  }

  /** By name of process. Empty where the system does not tell. */
  usage(): Map<string, ProcessUsage> {
    const usage = new Map<string, ProcessUsage>();
    if (process.platform !== 'linux') return usage;
    for (const [name, { pid }] of this.#processes) usage.set(name, usageOf(pid!));
    if (this.#influxd?.pid) usage.set('influxd', usageOf(this.#influxd.pid));
    return usage;
  }

  async get<T>(path: string): Promise<T> {
    return (await (await fetch(new URL(path, this.httpUrl))).json()) as T;
  }

  /** Throws what it answers where it refuses. */
  async post(path: string, body: object): Promise<void> {
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(new URL(path, this.httpUrl), {
      ...{ method: 'POST', headers, body: JSON.stringify(body) },
    });
    if (!answer.ok) throw new Error(`${path}: ${await answer.text()}`);
  }

  /** Readings that the store hands out, asked over HTTP. */
  async countStored(fromMs: number, toMs: number): Promise<number> {
    const what = new URLSearchParams({
      measurement: 'irrigation',
      field: 'pressure',
      every: '1d',
      fn: 'count',
    });
    const query = `${what}&from=${fromMs}&to=${toMs}&groupBy=site`;
    const answer = await this.get<{ series?: { value: number[] }[] }>(`/api/v1/query?${query}`);
    if (!answer.series) throw new Error(`the readings cannot be counted: ${JSON.stringify(answer)}`);
    return answer.series.flatMap(({ value }) => value).reduce((sum, count) => sum + count, 0);
  }

  async stop(): Promise<void> {
    for (const child of [...this.#processes.values()].reverse()) {
      if (child.exitCode !== null || child.signalCode !== null) continue;
      const exited = once(child, 'exit');
      child.kill();
      const impatient = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
      await exited;
      clearTimeout(impatient);
    }
    await this.#influxd?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }

  /** `config` is written as JSON, which YAML is a superset of. */
  #run(service: 'broker' | 'ingest', config: object): void {
    const folder = join(this.folder, service);
    mkdirSync(folder);
    const file = join(folder, 'config.yaml');
    writeFileSync(file, JSON.stringify(config));
    const main = join(this.#code, service, 'main.ts');
    const options = ['--config', file, '--data', join(folder, 'data'), '--log', 'warn'];
    const child = spawn(process.execPath, [main, ...options], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.on('data', (text) => {
      this.said += text;
    });
    this.#processes.set(service, child);
  }

  #fork(name: string, file: string, args: readonly string[]): ChildProcess {
    const child = fork(join(import.meta.dirname, file), args);
    this.#processes.set(name, child);
    return child;
  }
}
