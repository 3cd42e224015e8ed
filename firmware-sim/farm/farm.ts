import { SluiceError } from '../../core/errors.ts';
import { type FarmConfig, linesOf } from './farm-config.ts';
import { type FarmFault, faultProblems } from './farm-faults.ts';
import { Leaf } from './leaf.ts';
import { Line } from './line.ts';
import { Tank } from './tank.ts';
import type { ValveEvent } from './valve.ts';
import { Sky, type Weather } from './weather.ts';
import { Zone } from './zone.ts';

/** What a farm tells at the moment at which it happens. */
export type FarmEvent =
  | { readonly zone: string; readonly event: ValveEvent }
  | { readonly line: string; readonly event: 'started' | 'stopped' };

/** How a simulated farm runs. */
export interface FarmRun {
  readonly seed: number;
  /** UTC at which the farm's day starts to run. */
  readonly startMs: number;
  /** Seconds of weather, crop and soil for each second of valves and pipes. */
  readonly skySpeed: number;
  notice?(event: FarmEvent): void;
}

interface PlannedFault {
  readonly fault: FarmFault;
  /** On the plant clock. */
  readonly fromS: number;
  readonly untilS: number;
}

const LONGEST_PLANT_STEP_S = 1;
const LONGEST_SKY_STEP_S = 300;
const PROBE_DEPTH_M = 0.1;
/** Of a pipe that has burst, where nothing else is said. */
const BURST_L_PER_MIN = 1000;
/** More than anybody breaks at once; a test that forgets to mend finds out. */
const MOST_FAULTS = 1000;

/**
 * The one physical model behind every simulated device. It has two clocks. Valves, pipes and meters run on the
 * plant clock, which a reader of the devices takes for real time, so that flow × time is the volume counted and a
 * valve takes its seconds. Sun, weather, crop and soil run on the sky clock, `skySpeed` times as fast. Litres pass
 * from one to the other unchanged, so the water balance closes at any speed.
 */
export class Farm {
  readonly zones: ReadonlyMap<string, Zone>;
  readonly lines: ReadonlyMap<string, Line>;
  readonly tanks: ReadonlyMap<string, Tank>;
  /** The first supply line. */
  readonly main: Line;
  rainMm = 0;
  readonly leaf = new Leaf();
  readonly #sky: Sky;
  readonly #skySpeed: number;
  readonly #startMs: number;
  readonly #faults = new Map<string, PlannedFault>();
  #plantS = 0;
  #skyS = 0;
  #weather: Weather;

  constructor(config: FarmConfig, run: FarmRun) {
    const notice = (event: FarmEvent) => run.notice?.(event);
    this.#sky = new Sky(config.place, config.climate, run.seed);
    this.#skySpeed = run.skySpeed;
    this.#startMs = run.startMs;
    this.#weather = this.#sky.at(this.timeMs);
    this.tanks = new Map(config.tanks.map((tank) => [tank.id, new Tank(tank)]));
    this.lines = new Map(
      linesOf(config).map((line) => {
        const tank = line.tank === undefined ? undefined : this.tanks.get(line.tank);
        return [line.id, new Line(line, tank, (event) => notice({ line: line.id, event }))];
      }),
    );
    this.main = this.lines.values().next().value!;
    this.zones = new Map(
      config.zones.map((zone) => [zone.id, new Zone(zone, (event) => notice({ zone: zone.id, event }))]),
    );
    for (const { id, line } of config.zones) this.line(line).zones.push(this.zone(id));
    for (const zone of this.zones.values()) zone.temperatureC = this.#soilTemperatureC();
    for (const [index, fault] of config.faults.entries()) this.setFault(`fault-${index + 1}`, fault);
  }

  /** Lets `durationS` of plant time pass. */
  step(durationS: number): void {
    const longestS = Math.min(LONGEST_PLANT_STEP_S, LONGEST_SKY_STEP_S / this.#skySpeed);
    const slices = Math.max(1, Math.ceil(durationS / longestS));
    for (let slice = 0; slice < slices; slice++) this.#slice(durationS / slices);
  }

  zone(id: string): Zone {
    const zone = this.zones.get(id);
    if (!zone) throw new RangeError(`the farm has no zone ${id}`);
    return zone;
  }

  /** The first line where no id is given. */
  line(id?: string): Line {
    const line = id === undefined ? this.main : this.lines.get(id);
    if (!line) throw new RangeError(`the farm has no line ${id}`);
    return line;
  }

  tank(id: string): Tank {
    const tank = this.tanks.get(id);
    if (!tank) throw new RangeError(`the farm has no tank ${id}`);
    return tank;
  }

  /** Breaks something, or replaces the fault of that name. Throws `CONFIG_INVALID` for names that are not there. */
  setFault(id: string, fault: FarmFault): void {
    const problems = faultProblems(fault, new Set(this.zones.keys()), new Set(this.lines.keys()));
    if (this.#faults.size >= MOST_FAULTS && !this.#faults.has(id)) {
      problems.push(`there are ${MOST_FAULTS} faults already`);
    }
    if (problems.length > 0) {
      throw new SluiceError('CONFIG_INVALID', {
        problems: problems.map((one) => `  ${id}: ${one}`).join('\n'),
      });
    }
    const fromS = this.#plantS + (fault.afterS ?? 0);
    this.#faults.set(id, { fault, fromS, untilS: fromS + (fault.forS ?? Number.POSITIVE_INFINITY) });
    this.#applyFaults();
  }

  /** Mends it; whether there was anything to mend. */
  clearFault(id: string): boolean {
    const wasThere = this.#faults.delete(id);
    this.#applyFaults();
    return wasThere;
  }

  /** Those to come and those that are over among them. */
  get faults(): ReadonlyMap<string, FarmFault> {
    return new Map([...this.#faults].map(([id, { fault }]) => [id, fault]));
  }

  get weather(): Weather {
    return this.#weather;
  }

  /** UTC on the sky clock. */
  get timeMs(): number {
    return this.#startMs + this.#skyS * 1000;
  }

  #slice(durationS: number): void {
    if (this.#faults.size > 0) this.#applyFaults();
    this.#plantS += durationS;
    for (const tank of this.tanks.values()) tank.step(durationS);
    const appliedL = this.#runWater(durationS);
    const skyS = durationS * this.#skySpeed;
    this.#skyS += skyS;
    this.#weather = this.#sky.at(this.timeMs);
    const rainMm = (this.#weather.rainMmPerH * skyS) / 3600;
    const et0Mm = (this.#weather.et0MmPerH * skyS) / 3600;
    this.rainMm += rainMm;
    this.leaf.step(skyS, this.#weather);
    for (const { zone, volumeL, ecUsPerCm } of appliedL) {
      zone.temperatureC = this.#soilTemperatureC();
      zone.soil.step({
        durationS: skyS,
        irrigationMm: volumeL / zone.areaM2,
        irrigationEcUsPerCm: ecUsPerCm,
        rainMm,
        et0Mm,
      });
    }
  }

  /** Moves the valves and the water; answers what went into each zone's soil. */
  #runWater(durationS: number): { zone: Zone; volumeL: number; ecUsPerCm: number }[] {
    for (const zone of this.zones.values()) zone.valve.step(durationS);
    return [...this.lines.values()].flatMap((line) => {
      const applied = [...line.step(durationS)];
      return applied.map(([zone, volumeL]) => ({ zone, volumeL, ecUsPerCm: line.dosing.ecUsPerCm }));
    });
  }

  #applyFaults(): void {
    for (const zone of this.zones.values()) {
      zone.valve.stuckAt = undefined;
      zone.cloggedShare = 0;
      zone.burstLPerMin = 0;
    }
    for (const line of this.lines.values()) {
      line.leakLPerMin = 0;
      line.isDry = false;
    }
    for (const { fault, fromS, untilS } of this.#faults.values()) {
      // A hair of tolerance: the plant clock is a sum of tenths.
      const ageS = this.#plantS - fromS + 1e-6;
      if (ageS >= 0 && this.#plantS < untilS - 1e-6) this.#apply(fault, ageS);
    }
  }

  #apply(fault: FarmFault, ageS: number): void {
    switch (fault.kind) {
      case 'stuck':
        this.zone(fault.zone).valve.stuckAt = fault.at;
        return;
      case 'leak':
        this.line(fault.line).leakLPerMin += fault.flowLPerMin;
        return;
      case 'burst': {
        const flowLPerMin = fault.flowLPerMin ?? BURST_L_PER_MIN;
        if (fault.zone !== undefined) this.zone(fault.zone).burstLPerMin += flowLPerMin;
        else this.line(fault.line).leakLPerMin += flowLPerMin;
        return;
      }
      case 'clogged': {
        const zone = this.zone(fault.zone);
        const part = fault.overS ? Math.min(1, ageS / fault.overS) : 1;
        zone.cloggedShare = Math.max(zone.cloggedShare, part * fault.share);
        return;
      }
      case 'dry':
        this.line(fault.line).isDry = true;
    }
  }

  #soilTemperatureC(): number {
    return this.#sky.soilTemperatureC(this.timeMs, PROBE_DEPTH_M);
  }
}
