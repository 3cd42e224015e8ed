import type { FarmConfig, ZoneConfig } from './farm-config.ts';
import { conductance, mainPressureKPa, Valve } from './hydraulics.ts';
import { Soil } from './soil.ts';
import { Sky, type Weather } from './weather.ts';

/** How a simulated farm runs. */
export interface FarmRun {
  readonly seed: number;
  /** UTC at which the farm's day starts to run. */
  readonly startMs: number;
  /** Seconds of weather, crop and soil for each second of valves and pipes. */
  readonly skySpeed: number;
}

/** Water that has gone through, counted since the start. */
interface Metered {
  flowLPerMin: number;
  volumeL: number;
}

const LONGEST_PLANT_STEP_S = 1;
const LONGEST_SKY_STEP_S = 300;
const PROBE_DEPTH_M = 0.1;

/**
 * The one physical model behind every simulated device. It has two clocks. Valves, pipes and meters run on the
 * plant clock, which a reader of the devices takes for real time, so that flow × time is the volume counted and a
 * valve takes its seconds. Sun, weather, crop and soil run on the sky clock, `skySpeed` times as fast. Litres pass
 * from one to the other unchanged, so the water balance closes at any speed.
 */
export class Farm {
  readonly zones: ReadonlyMap<string, Zone>;
  readonly main: Metered & { pressureKPa: number };
  rainMm = 0;
  readonly #config: FarmConfig;
  readonly #sky: Sky;
  readonly #skySpeed: number;
  readonly #startMs: number;
  #skyS = 0;
  #weather: Weather;

  constructor(config: FarmConfig, run: FarmRun) {
    this.#config = config;
    this.#sky = new Sky(config.place, config.climate, run.seed);
    this.#skySpeed = run.skySpeed;
    this.#startMs = run.startMs;
    this.#weather = this.#sky.at(this.timeMs);
    this.main = { flowLPerMin: 0, volumeL: 0, pressureKPa: mainPressureKPa(config.supply, 0) };
    this.zones = new Map(config.zones.map((zone) => [zone.id, new Zone(zone)]));
    for (const zone of this.zones.values()) zone.temperatureC = this.#soilTemperatureC();
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

  get weather(): Weather {
    return this.#weather;
  }

  /** UTC on the sky clock. */
  get timeMs(): number {
    return this.#startMs + this.#skyS * 1000;
  }

  #slice(durationS: number): void {
    const appliedL = this.#runWater(durationS);
    const skyS = durationS * this.#skySpeed;
    this.#skyS += skyS;
    this.#weather = this.#sky.at(this.timeMs);
    const rainMm = (this.#weather.rainMmPerH * skyS) / 3600;
    const et0Mm = (this.#weather.et0MmPerH * skyS) / 3600;
    this.rainMm += rainMm;
    for (const [zone, volumeL] of appliedL) {
      zone.temperatureC = this.#soilTemperatureC();
      zone.soil.step({
        durationS: skyS,
        irrigationMm: volumeL / zone.areaM2,
        irrigationEcUsPerCm: this.#config.supply.ecUsPerCm,
        rainMm,
        et0Mm,
      });
    }
  }

  /** Moves the valves and the water; answers the litres that went into each zone. */
  #runWater(durationS: number): Map<Zone, number> {
    const zones = [...this.zones.values()];
    for (const zone of zones) zone.valve.step(durationS);
    const openConductance = zones.reduce((sum, zone) => sum + zone.openConductance, 0);
    this.main.pressureKPa = mainPressureKPa(this.#config.supply, openConductance);
    this.main.flowLPerMin = 0;
    const appliedL = new Map<Zone, number>();
    for (const zone of zones) {
      zone.flowLPerMin = zone.openConductance * Math.sqrt(this.main.pressureKPa);
      const volumeL = (zone.flowLPerMin * durationS) / 60;
      zone.volumeL += volumeL;
      this.main.flowLPerMin += zone.flowLPerMin;
      this.main.volumeL += volumeL;
      appliedL.set(zone, volumeL);
    }
    return appliedL;
  }

  #soilTemperatureC(): number {
    return this.#sky.soilTemperatureC(this.timeMs, PROBE_DEPTH_M);
  }
}

/** A part of the field with its own valve. */
export class Zone implements Metered {
  readonly areaM2: number;
  readonly valve: Valve;
  readonly soil: Soil;
  /** At the depth of a soil probe. */
  temperatureC = 0;
  flowLPerMin = 0;
  volumeL = 0;
  readonly #conductance: number;

  constructor(config: ZoneConfig) {
    this.areaM2 = config.areaM2;
    this.valve = new Valve(config.valveTravelS);
    this.soil = new Soil(config);
    this.#conductance = conductance(config.valveFlowLPerMin);
  }

  get openConductance(): number {
    return this.#conductance * this.valve.openingRatio;
  }
}
