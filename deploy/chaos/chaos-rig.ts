import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import type { Completeness } from '../../core/completeness.ts';
import { freePort } from '../../core/testing/free-port.ts';
import { getJson } from '../../core/testing/get-json.ts';
import { Influxd } from '../../core/testing/influxd.ts';
import { Program } from '../../core/testing/program.ts';
import type { LoadReport } from '../../firmware-sim/load/load-fleet.ts';
import { CountingSlave } from './counting-slave.ts';
import { SmallDisk } from './small-disk.ts';
import { TornLink } from './torn-link.ts';

export interface ChaosPlan {
  readonly seed: number;
  /** For how long things are produced and broken, s. */
  readonly seconds: number;
  readonly store: 'embedded' | 'influx';
  /** Off: gateways take for delivered what they have sent. */
  readonly ledger: boolean;
}

/** Real gateways, each with a slave on a line of its own. */
const GATEWAYS = ['shed-0', 'shed-1', 'shed-2'] as const;
const POLL_MS = 100;
const FLEET = { gateways: 10, devices: 2, metrics: 5, messagesPerS: 4, impossibleEvery: 97 } as const;
const DAY_MS = 86_400_000;
const SITE = 'farm';

/** Megabytes; each is far more than a run needs, and quickly full. */
const DISK_MB = { gateway: 24, broker: 24, ingest: 96, influxd: 256 } as const;

/** Something that can be killed, frozen, and has a disk. */
export interface Victim {
  readonly name: string;
  /** What kind of thing it is, for the count of faults. */
  readonly role: 'gateway' | 'broker' | 'ingest' | 'influxd';
  readonly disk: SmallDisk | undefined;
  kill(): Promise<unknown>;
  /** Also after `kill`. */
  run(): unknown;
  freeze(isFrozen: boolean): void;
  /** What it takes after its disk was full, where that is more than room. */
  recover?(): Promise<void>;
  /** Links that `recover` breaks meanwhile. */
  readonly links: readonly string[];
}

interface StoredSeries {
  readonly tags: Readonly<Record<string, string>>;
  readonly timeMs: readonly number[];
  readonly value: readonly number[];
}

/**
 * Gateways that poll slaves whose registers count, a fleet of simulated ones, broker, ingest and store: each a process of its own
 * with a disk of its own, and every connection between them can be broken. Who produced what is known here without asking any of
 * them.
 */
export class ChaosRig {
  readonly url: string;
  readonly slaves = new Map<string, CountingSlave>();
  readonly victims = new Map<string, Victim>();
  /** By name, such as `shed-0 to broker`. */
  readonly links = new Map<string, TornLink>();
  readonly #folder: string;
  readonly #programs = new Map<string, Program>();
  readonly #startMs = Date.now() - 60_000;
  readonly #disks: SmallDisk[] = [];
  #influxd: Influxd | undefined;

  private constructor(folder: string, httpPort: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${httpPort}`;
  }

  static async start(plan: ChaosPlan): Promise<ChaosRig> {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-chaos-'));
    const [httpPort, mqttPort] = [await freePort(), await freePort()];
    const rig = new ChaosRig(folder, httpPort);
    try {
      await rig.#startAll(plan, httpPort, mqttPort);
    } catch (error) {
      await rig.stop();
      throw error;
    }
    return rig;
  }

  get gateways(): readonly string[] {
    return GATEWAYS;
  }

  /** True where disks can be filled here. */
  get hasDisks(): boolean {
    return this.#disks.length > 0;
  }

  get programs(): Iterable<string> {
    return this.#programs.keys();
  }

  /** What a program has printed since it was last started, for whoever looks into a failure. */
  output(name: string): string {
    return this.#programs.get(name)?.output ?? '';
  }

  /** The slaves answer no more: nothing new is made. */
  async endOfMeasuring(): Promise<void> {
    for (const slave of this.slaves.values()) await slave.unplug();
  }

  /** The account of the fleet, once all that it had to produce is confirmed. */
  async fleetReport(withinMs: number): Promise<LoadReport> {
    const [line] = await this.#programs.get('fleet')!.prints(/\{"load":.*\}/, withinMs);
    return (JSON.parse(line) as { load: LoadReport }).load;
  }

  completeness(site: string, gateway: string): Promise<Completeness> {
    return getJson(`${this.url}/api/v1/gateways/${site}/${gateway}/completeness`);
  }

  gatewayCompleteness(gateway: string): Promise<Completeness> {
    return this.completeness(SITE, gateway);
  }

  /** What the store gives back of one quantity of one gateway: every series with its tags. */
  async stored(site: string, gateway: string, measurement: string, field: string): Promise<StoredSeries[]> {
    const query = new URLSearchParams({ site, gateway, measurement, field });
    query.set('from', String(this.#startMs));
    query.set('to', String(this.#startMs + DAY_MS));
    return (await getJson<{ series: StoredSeries[] }>(`${this.url}/api/v1/query?${query}`)).series;
  }

  /** The values that a slave gave its gateway, with every time that the store has for each. */
  async countedBy(gateway: string): Promise<Map<number, number[]>> {
    const found = new Map<number, number[]>();
    for (const { timeMs, value } of await this.stored(SITE, gateway, 'soil', 'ec')) {
      for (const [at, one] of value.entries()) found.set(one, [...(found.get(one) ?? []), timeMs[at]!]);
    }
    return found;
  }

  async stop(): Promise<void> {
    for (const slave of this.slaves.values()) await slave.unplug();
    for (const program of this.#programs.values()) await program.signal('SIGKILL');
    for (const link of this.links.values()) await link.stop();
    await this.#influxd?.kill();
    for (const disk of this.#disks) disk.unmount();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async #startAll(plan: ChaosPlan, httpPort: number, mqttPort: number): Promise<void> {
    this.#addProgram('broker', 'broker', { listeners: [{ protocol: 'mqtt', port: mqttPort }] }, 'broker');
    const brokerFor = async (who: string) => ({
      url: `mqtt://127.0.0.1:${await this.#link(`${who} to broker`, mqttPort)}`,
    });
    const store = plan.store === 'influx' ? await this.#startInfluxd() : { kind: 'embedded' };
    const ingest = { broker: await brokerFor('ingest'), http: { port: httpPort, signIn: 'off' }, store };
    this.#addProgram('ingest', 'ingest', ingest, 'ingest');
    for (const gateway of GATEWAYS) {
      const port = join(this.#folder, `bus-${gateway}`);
      this.slaves.set(gateway, await CountingSlave.on(port));
      const settings = gatewaySettings(gateway, await brokerFor(gateway), port, plan.ledger);
      this.#addProgram(gateway, 'gateway', settings, 'gateway');
    }
    this.#run('fleet', 'firmware-sim/main.ts', fleetSettings(await brokerFor('fleet'), plan));
  }

  #addProgram(
    name: string,
    role: Exclude<Victim['role'], 'influxd'>,
    settings: object,
    service: string,
  ): void {
    const disk = this.#disk(name, DISK_MB[role]);
    const start = () => this.#run(name, `${service}/main.ts`, settings);
    start();
    this.victims.set(name, {
      ...{ name, role, disk, links: [] },
      kill: () => this.#programs.get(name)!.signal('SIGKILL'),
      run: start,
      freeze: (isFrozen) => this.#programs.get(name)!.child.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT'),
    });
  }

  #run(name: string, script: string, settings: object): void {
    const config = join(this.#folder, `${name}.yaml`);
    writeFileSync(config, stringify(settings));
    this.#programs.set(name, new Program(script, ['--config', config, '--data', this.#dataFolder(name)]));
  }

  #dataFolder(name: string): string {
    const folder = join(this.#folder, `data-${name}`);
    mkdirSync(folder, { recursive: true });
    return folder;
  }

  #disk(name: string, megabytes: number): SmallDisk | undefined {
    const disk = SmallDisk.mount(this.#dataFolder(name), megabytes);
    if (disk) this.#disks.push(disk);
    return disk;
  }

  async #link(name: string, port: number): Promise<number> {
    const link = await TornLink.to(port);
    this.links.set(name, link);
    return link.port;
  }

  async #startInfluxd(): Promise<object> {
    const disk = this.#disk('influxd', DISK_MB.influxd);
    const influxd = new Influxd(await freePort(), this.#dataFolder('influxd'));
    this.#influxd = influxd;
    await influxd.start();
    const link = 'ingest to influxd';
    this.victims.set('influxd', {
      ...{ name: 'influxd', role: 'influxd', disk, links: [link] },
      kill: () => influxd.kill(),
      run: () => influxd.start(),
      freeze: (isFrozen) => influxd.freeze(isFrozen),
      // InfluxDB 1.6 takes nothing after a full disk until it is started again, and loses what it acknowledges after that start
      // with the next crash: it goes on writing behind the torn end of its log. A second start before anything is written mends it.
      recover: async () => {
        this.links.get(link)!.set('torn');
        for (let times = 0; times < 2; times++) {
          await influxd.kill();
          await influxd.start();
        }
        this.links.get(link)!.set('whole');
      },
    });
    const port = await this.#link(link, influxd.port);
    return { kind: 'influx', url: `http://127.0.0.1:${port}`, database: 'chaos' };
  }
}

function gatewaySettings(gateway: string, broker: object, port: string, ledger: boolean): object {
  const everyOne = { deadBand: 0, longestSilenceS: 0 };
  const probe = { id: 'probe', unit: 1, profile: 'soil-moisture-temperature-ec', zone: 'north' };
  return {
    ...{ site: SITE, gateway, broker },
    outbox: { confirm: ledger ? 'host' : 'sent', confirmWithinS: 2, backlogPerS: 10_000, syncEveryS: 0.5 },
    report: { 'soil/moisture': everyOne, 'soil/temperature': everyOne, 'soil/ec': everyOne },
    drivers: [
      {
        // Longer than a busy machine may keep an answer waiting: one that is late is thrown away, and rightly so.
        ...{ driver: 'modbus-rtu', id: 'field', port, baud: 115_200, timeoutMs: 3_000 },
        devices: [{ ...probe, everyMs: POLL_MS }],
      },
    ],
  };
}

function fleetSettings(broker: object, { seed, seconds }: ChaosPlan): object {
  const { messagesPerS, ...shape } = FLEET;
  const everyMs = (FLEET.devices * 1_000) / messagesPerS;
  return {
    seed,
    load: { broker, ...shape, everyMs, messages: seconds * messagesPerS, resendAfterMs: 2_000 },
  };
}
