import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { eventually } from '../../core/testing/eventually.ts';
import { ControlClient } from '../../firmware-sim/control-client.ts';
import type { JournalEntry } from '../../firmware-sim/journal.ts';
import { demoSettings } from './farm.ts';
import { RunningProcess } from './process.ts';

const PROGRAMS = {
  simulator: 'firmware-sim/main.ts',
  broker: 'broker/main.ts',
  ingest: 'ingest/main.ts',
  gateway: 'gateway/main.ts',
} as const;

export type Program = keyof typeof PROGRAMS;

/** As the API tells it. */
export interface CommandReply {
  readonly id: string;
  readonly metric: string;
  readonly value: number | boolean;
  readonly state: string;
  readonly submittedMs: number;
  readonly expiresAtMs: number;
  readonly leaseS: number;
  readonly leaseEndsMs?: number;
}

export interface Wish {
  readonly id: string;
  readonly point: string;
  readonly value: boolean;
  readonly leaseS: number;
  readonly validForS: number;
}

/** The interval in which a valve was told to stand open; `toMs` is infinite where it still is. UTC. */
export interface OpenSpan {
  readonly zone: string;
  readonly fromMs: number;
  readonly toMs: number;
}

export const POLL_MS = 1_000;
const BUS = 'field-bus';

/** Two valves, everything between them and the API as processes of its own, and the means to break each. */
export class IrrigationRig {
  readonly url: string;
  readonly #processes = new Map<Program, RunningProcess>();
  readonly #folder: string;
  readonly #door: ControlClient;

  private constructor(folder: string, httpPort: number) {
    this.#folder = folder;
    this.url = `http://127.0.0.1:${httpPort}`;
    this.#door = new ControlClient(join(folder, 'data/sim/control.sock'));
  }

  static async start({ hasDeviceTimers }: { hasDeviceTimers: boolean }): Promise<IrrigationRig> {
    const { settings, folder } = await demoSettings();
    const { simulator, gateway } = settings;
    simulator.control = true;
    const controller = { unit: 3, kind: 'valve-controller-8', valves: ['north', 'south'], maxRunS: 600 };
    simulator.buses = [
      {
        id: BUS,
        baud: 9_600,
        devices: [
          { ...controller, holdTimer: hasDeviceTimers },
          { unit: 4, kind: 'flow-meter' },
        ],
      },
    ];
    copyFileSync('deploy/e2e/relay-board.yaml', join(folder, 'relay-board.yaml'));
    const profile = hasDeviceTimers ? 'valve-controller-8' : 'relay-board.yaml';
    const points = { v1: { zone: 'north' }, v2: { zone: 'south' } };
    gateway.drivers[0].devices = [
      { id: 'valves', unit: 3, profile, points, everyMs: POLL_MS },
      { id: 'flow-main', unit: 4, profile: 'flow-meter', everyMs: 2_000 },
    ];
    const valves = ['v1', 'v2'].map((point) => ({ device: 'valves', point, maxRunS: 60 }));
    gateway.irrigation = {
      lines: [{ id: 'main', flow: { device: 'flow-main' }, whenBlind: 'allow', valves }],
    };
    for (const program of Object.keys(PROGRAMS)) {
      writeFileSync(join(folder, `${program}.yaml`), JSON.stringify(settings[program]));
    }
    const rig = new IrrigationRig(folder, settings.ingest.http.port);
    for (const program of Object.keys(PROGRAMS) as Program[]) rig.run(program);
    await rig.#ready();
    return rig;
  }

  run(program: Program): void {
    const options = ['--config', join(this.#folder, `${program}.yaml`), '--data', join(this.#folder, 'data')];
    this.#processes.set(program, new RunningProcess(PROGRAMS[program], options));
  }

  /** Ends it with `signal` and waits until it is gone. */
  async end(program: Program, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    await this.#processes.get(program)!.signal(signal);
  }

  /** Stands still, or goes on. */
  freeze(program: Program, isFrozen: boolean): void {
    this.#processes.get(program)!.child.kill(isFrozen ? 'SIGSTOP' : 'SIGCONT');
  }

  plug(isPlugged: boolean): Promise<void> {
    return this.#door.put(`/buses/${BUS}`, { plugged: isPlugged });
  }

  outputOf(program: Program): string {
    return this.#processes.get(program)!.output;
  }

  /** `false` where it was not taken: ingest is down, or says no. */
  async ask({ point, ...wish }: Wish): Promise<boolean> {
    const body = {
      site: 'demo-farm',
      gateway: 'pump-house',
      device: 'valves',
      metric: `irrigation/valve_state/${point}`,
      ...wish,
    };
    const response = await fetch(`${this.url}/api/v1/commands`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(1_000),
    }).catch(() => undefined);
    return response?.status === 202;
  }

  /** `undefined` where ingest never took it. */
  async command(id: string): Promise<CommandReply | undefined> {
    const response = await fetch(`${this.url}/api/v1/commands/${id}`);
    if (response.status === 404) return undefined;
    if (!response.ok) throw new Error(`${response.status} ${await response.text()}`);
    return (await response.json()) as CommandReply;
  }

  /** Every command event that ingest has kept. */
  async commandEvents(): Promise<{ readonly command: string; readonly outcome: string }[]> {
    const all: { command: string; outcome: string }[] = [];
    for (let after = ''; ; ) {
      const reply = await fetch(
        `${this.url}/api/v1/events?kind=command&limit=1000${after && `&after=${after}`}`,
      );
      if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
      // biome-ignore lint/suspicious/noExplicitAny: the shape of an event is its own
      const { events, next } = (await reply.json()) as { events: any[]; next?: string };
      all.push(...events.map((one) => one.event ?? one));
      if (next === undefined) return all;
      after = encodeURIComponent(next);
    }
  }

  async openSpans(): Promise<OpenSpan[]> {
    const journal = await this.#door.get<JournalEntry[]>('/journal?after=0');
    const spans: OpenSpan[] = [];
    const openFrom = new Map<string, number>();
    for (const entry of journal) {
      if (!('zone' in entry)) continue;
      if (entry.event === 'told-open') openFrom.set(entry.zone, entry.utcMs);
      const fromMs = openFrom.get(entry.zone);
      if (entry.event !== 'told-closed' || fromMs === undefined) continue;
      spans.push({ zone: entry.zone, fromMs, toMs: entry.utcMs });
      openFrom.delete(entry.zone);
    }
    for (const [zone, fromMs] of openFrom) spans.push({ zone, fromMs, toMs: Number.POSITIVE_INFINITY });
    return spans;
  }

  /** Opening of each valve as it really stands, 0 to 1. */
  async openings(): Promise<number[]> {
    const { zones } = await this.#door.get<{ zones: { openingRatio: number }[] }>('/');
    return zones.map(({ openingRatio }) => openingRatio);
  }

  async #ready(): Promise<void> {
    await eventually(() => this.ask({ id: 'ready', point: 'v1', value: false, leaseS: 0, validForS: 5 }), {
      withinMs: 30_000,
      everyMs: 200,
    });
  }
}
