import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ControlClient } from '../../firmware-sim/control-client.ts';
import type { JournalEntry } from '../../firmware-sim/journal.ts';
import { demoSettings, type Settings } from './farm.ts';
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
  readonly reason?: { readonly code?: string; readonly en: string };
}

export interface Wish {
  readonly id: string;
  readonly device: string;
  /** Metric name. */
  readonly metric: string;
  readonly value: boolean | number;
  readonly leaseS: number;
  readonly validForS: number;
}

/** The interval in which a valve was told to stand open; `toMs` is infinite where it still is. UTC. */
export interface OpenSpan {
  readonly zone: string;
  readonly fromMs: number;
  readonly toMs: number;
}

/** The serial line of the demonstration farm. */
export const BUS = 'field-bus';

/** An irrigated farm, everything between its valves and the API as processes of its own, and the means to break each. */
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

  /** The demonstration farm, as `change` makes it. */
  static async start(change: (settings: Settings, folder: string) => void): Promise<IrrigationRig> {
    const { settings, folder } = await demoSettings();
    settings.simulator.control = true;
    change(settings, folder);
    for (const program of Object.keys(PROGRAMS)) {
      writeFileSync(join(folder, `${program}.yaml`), JSON.stringify(settings[program]));
    }
    const rig = new IrrigationRig(folder, settings.ingest.http.port);
    for (const program of Object.keys(PROGRAMS) as Program[]) rig.run(program);
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

  setFault(name: string, fault: object): Promise<void> {
    return this.#door.put(`/faults/${name}`, fault);
  }

  mend(name: string): Promise<void> {
    return this.#door.delete(`/faults/${name}`);
  }

  /** Faults of a device on the line. */
  setDeviceFaults(unit: number, faults: readonly object[]): Promise<void> {
    return this.#door.put(`/buses/${BUS}/units/${unit}/faults`, faults);
  }

  /** `false` where it was not taken: ingest is down, or says no. */
  async ask(wish: Wish): Promise<boolean> {
    const body = { site: 'demo-farm', gateway: 'pump-house', ...wish };
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

  /** Every event of this kind that ingest has kept. */
  async events<T>(kind: string): Promise<T[]> {
    const all: T[] = [];
    for (let after = ''; ; ) {
      const reply = await fetch(
        `${this.url}/api/v1/events?kind=${kind}&limit=1000${after && `&after=${after}`}`,
      );
      if (!reply.ok) throw new Error(`${reply.status} ${await reply.text()}`);
      // biome-ignore lint/suspicious/noExplicitAny: the shape of an event is its own
      const { events, next } = (await reply.json()) as { events: any[]; next?: string };
      all.push(...events.map((one) => one.event ?? one));
      if (next === undefined) return all;
      after = encodeURIComponent(next);
    }
  }

  journal(): Promise<JournalEntry[]> {
    return this.#door.get<JournalEntry[]>('/journal?after=0');
  }

  async openSpans(): Promise<OpenSpan[]> {
    const journal = await this.journal();
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
}
