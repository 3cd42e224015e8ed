import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { decodeRequest, encodeResponse } from '../../core/modbus/pdu.ts';
import { unwrapRtu, wrapRtu } from '../../core/modbus/rtu.ts';
import { freePort } from '../../core/testing/free-port.ts';
import type { Influxd } from '../../core/testing/influxd.ts';
import { temporaryFolder } from '../../core/testing/temporary-folder.ts';
import type { LoadReport } from '../../firmware-sim/load/load-fleet.ts';
import { openPtyLine, type PtyLine } from '../../gateway/testing/pty-line.ts';
import { getJson, type QueryReply } from '../e2e/farm.ts';
import { RunningProcess } from '../e2e/process.ts';

const PROGRAMS = {
  broker: 'broker/main.ts',
  ingest: 'ingest/main.ts',
  gateway: 'gateway/main.ts',
  fleet: 'firmware-sim/main.ts',
} as const;

export type Program = keyof typeof PROGRAMS;

/** What the slave on the bus said, in order: the value of its register, which no other answer has, and when, UTC. */
export interface Answer {
  readonly value: number;
  readonly timeMs: number;
}

export interface RigOptions {
  /** The embedded store where absent. */
  readonly influxd: Influxd | undefined;
  /** The seed of the fleet, and for how long it produces. */
  readonly seed: number;
  readonly seconds: number;
  /** `sent` switches the ledger off. */
  readonly confirm: 'host' | 'sent';
}

export const POLL_MS = 100;
/** Of one gateway of the fleet. */
const MESSAGES_PER_S = 4;
const DAY_MS = 86_400_000;

/**
 * A gateway that polls a slave whose register counts, a fleet of simulated gateways, broker and ingest, each a process of
 * its own, and the means to break them. Who produced what is known here without asking any of them.
 */
export class DeliveryRig {
  readonly url: string;
  readonly answers: Answer[] = [];
  readonly #folder = temporaryFolder();
  readonly #processes = new Map<Program, RunningProcess>();
  readonly #startMs = Date.now() - 60_000;
  #line: PtyLine | undefined;

  private constructor(httpPort: number) {
    this.url = `http://127.0.0.1:${httpPort}`;
  }

  static async start(options: RigOptions): Promise<DeliveryRig> {
    const [httpPort, mqttPort] = [await freePort(), await freePort()];
    const rig = new DeliveryRig(httpPort);
    await rig.#openBus();
    const broker = { url: `mqtt://127.0.0.1:${mqttPort}` };
    const settings: Record<Program, object> = {
      broker: { listeners: [{ protocol: 'mqtt', port: mqttPort }] },
      ingest: {
        broker,
        http: { port: httpPort },
        ...(options.influxd && { store: { kind: 'influx', url: options.influxd.url, database: 'chaos' } }),
      },
      gateway: rig.#gatewaySettings(broker, options),
      fleet: fleetSettings(broker, options),
    };
    for (const [program, content] of Object.entries(settings))
      writeFileSync(join(rig.#folder, `${program}.yaml`), stringify(content));
    for (const program of Object.keys(PROGRAMS) as Program[]) rig.run(program);
    return rig;
  }

  run(program: Program): void {
    const options = ['--config', join(this.#folder, `${program}.yaml`), '--data', join(this.#folder, 'data')];
    this.#processes.set(program, new RunningProcess(PROGRAMS[program], options));
  }

  async kill(program: Program): Promise<void> {
    await this.#processes.get(program)!.signal('SIGKILL');
  }

  freeze(program: Program, isFrozen: boolean): void {
    this.#processes.get(program)!.child.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  /** The slave answers no more: nothing new is made. */
  async endOfMeasuring(): Promise<void> {
    await this.#line?.unplug();
    this.#line = undefined;
  }

  /** The account of the fleet, once all that it had to produce is confirmed. */
  async fleetReport(withinMs: number): Promise<LoadReport> {
    const [line] = await this.#processes.get('fleet')!.prints(/\{"load":.*\}/, withinMs);
    return (JSON.parse(line) as { load: LoadReport }).load;
  }

  /** What the store gives back of one quantity of one gateway: every series with its tags. */
  async stored(site: string, gateway: string, measurement: string, field: string) {
    const query = new URLSearchParams({ site, gateway, measurement, field });
    query.set('from', String(this.#startMs));
    query.set('to', String(this.#startMs + DAY_MS));
    type Reply = QueryReply & { series: readonly { tags: Record<string, string> }[] };
    return (await getJson<Reply>(`${this.url}/api/v1/query?${query}`)).series;
  }

  /** Readings by value of a series whose values are all different, with every time that the store has for each. */
  async countedReadings(): Promise<Map<number, number[]>> {
    const found = new Map<number, number[]>();
    for (const { timeMs, value } of await this.stored('farm', 'shed', 'soil', 'ec')) {
      for (const [at, one] of value.entries()) found.set(one, [...(found.get(one) ?? []), timeMs[at]!]);
    }
    return found;
  }

  /** Any of these answers. */
  async hasStored(answers: readonly Answer[]): Promise<boolean> {
    const stored = await this.countedReadings();
    return answers.some(({ value }) => stored.has(value));
  }

  async #openBus(): Promise<void> {
    let count = 0;
    const line = await openPtyLine(join(this.#folder, 'bus'), (frame) => {
      const { unit, pdu } = unwrapRtu(frame);
      // Moisture in tenths of a percent, temperature in tenths of a degree, conductivity in µS/cm: that one counts.
      const registers = [234, 100, ++count];
      line.send(wrapRtu(unit, encodeResponse(decodeRequest(pdu), { registers })));
      this.answers.push({ value: count, timeMs: Date.now() });
    });
    this.#line = line;
  }

  #gatewaySettings(broker: object, { confirm }: RigOptions): object {
    const everyOne = { deadBand: 0, longestSilenceS: 0 };
    const probe = { id: 'probe', unit: 1, profile: 'soil-moisture-temperature-ec', zone: 'north' };
    return {
      ...{ site: 'farm', gateway: 'shed', broker },
      outbox: { confirm, confirmWithinS: 2, backlogPerS: 10_000, syncEveryS: 0.5 },
      report: { 'soil/moisture': everyOne, 'soil/temperature': everyOne, 'soil/ec': everyOne },
      drivers: [
        {
          ...{ driver: 'modbus-rtu', id: 'field', port: join(this.#folder, 'bus'), baud: 115_200 },
          devices: [{ ...probe, everyMs: POLL_MS }],
        },
      ],
    };
  }
}

function fleetSettings(broker: object, { seed, seconds }: RigOptions): object {
  const shape = { gateways: 10, devices: 2, metrics: 5, everyMs: (2 * 1_000) / MESSAGES_PER_S };
  const messages = seconds * MESSAGES_PER_S;
  return { seed, load: { broker, ...shape, messages, resendAfterMs: 2_000 } };
}
