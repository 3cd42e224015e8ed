import { describe, expect, it } from 'vitest';
import type { Farm } from '../farm/farm.ts';
import { Random } from '../farm/random.ts';
import type { Fault } from '../faults.ts';
import { PUMPED, smallFarm } from '../testing.ts';
import type { SlaveDevice } from './device.ts';
import { createDevice, type DeviceConfig } from './devices.ts';

function place(
  config: DeviceConfig,
  farm: Farm = smallFarm(),
): { device: SlaveDevice; farm: Farm; live(durationS: number): void } {
  const device = createDevice(config, {
    farm,
    random: new Random(1, 'test'),
    faultRandom: new Random(1, 'faults'),
  });
  const live = (durationS: number) => {
    for (let tick = 0; tick < durationS * 10; tick++) {
      device.step(0.1);
      farm.step(0.1);
    }
  };
  return { device, farm, live };
}

const signed = (register: number) => (register << 16) >> 16;

describe('a soil sensor', () => {
  it('tells moisture, temperature and conductivity of its zone, each a little off', () => {
    const { device, farm, live } = place({ unit: 1, kind: 'soil-moisture-temperature-ec', zone: 'south' });
    live(60);
    const [moisture, temperature, ec] = device.registers.input;
    const { soil, temperatureC } = farm.zone('south');
    expect(Math.abs(moisture! / 10 - soil.moisturePct)).toBeLessThan(0.3);
    expect(Math.abs(signed(temperature!) / 10 - temperatureC)).toBeLessThan(0.3);
    expect(Math.abs(ec! - soil.ecUsPerCm)).toBeLessThan(6);
  });

  it('rises while its own zone is watered, and not while another is', () => {
    const { device, farm, live } = place({ unit: 1, kind: 'soil-moisture-temperature-ec', zone: 'north' });
    live(2);
    const before = device.registers.input[0]!;
    farm.zone('south').valve.send(true);
    live(600);
    expect(device.registers.input[0]!).toBeLessThanOrEqual(before + 2);
    farm.zone('north').valve.send(true);
    live(600);
    expect(device.registers.input[0]!).toBeGreaterThan(before + 12);
  });

  it('measures once a second however often it is asked', () => {
    const { device, live } = place({ unit: 1, kind: 'soil-moisture-temperature-ec', zone: 'north' });
    live(1.5);
    const seen = device.registers;
    live(0.3);
    expect(device.registers).toBe(seen);
    live(1);
    expect(device.registers).not.toBe(seen);
  });
});

describe('a flow meter', () => {
  it('tells flow in m³/h, litres counted and pressure in kPa, and rests at zero', () => {
    const { device, farm, live } = place({ unit: 4, kind: 'flow-meter' });
    const read = () => {
      const [high, low, volumeHigh, volumeLow, pressureKPa] = device.registers.holding;
      const view = new DataView(Uint16Array.of(low!, high!).buffer);
      return { m3PerH: view.getFloat32(0, true), litres: volumeHigh! * 65_536 + volumeLow!, pressureKPa };
    };
    live(5);
    expect(read()).toEqual({ m3PerH: 0, litres: 0, pressureKPa: expect.closeTo(300, -1) });
    farm.zone('north').valve.send(true);
    live(120);
    const { flowLPerMin, volumeL, pressureKPa } = farm.main;
    expect(read().m3PerH).toBeCloseTo((flowLPerMin * 60) / 1000, 1);
    expect(volumeL - read().litres).toBeLessThan(2);
    expect(Math.abs(read().pressureKPa! - pressureKPa)).toBeLessThan(3);
  });
});

describe('a weather station', () => {
  it('tells the weather over the farm', () => {
    const { device, farm, live } = place({ unit: 5, kind: 'weather-station' });
    live(30);
    const [temperature, humidity, wind, direction, rain, radiation, pressure] = device.registers.input;
    const { weather } = farm;
    expect(Math.abs(signed(temperature!) / 10 - weather.temperatureC)).toBeLessThan(0.3);
    expect(Math.abs(humidity! / 10 - weather.humidityPct)).toBeLessThan(1.5);
    expect(Math.abs(wind! / 10 - weather.windMPerS)).toBeLessThan(1.5);
    expect(direction!).toBeLessThan(360);
    expect(rain).toBe(0);
    expect(radiation! / weather.radiationWPerM2).toBeCloseTo(1, 1);
    expect(Math.abs(pressure! / 10 - weather.pressureKPa * 10)).toBeLessThan(1);
  });

  it('counts rain by tips of its bucket, and starts again at 0 when the register is full', () => {
    const { device, farm, live } = place({ unit: 5, kind: 'weather-station' });
    farm.rainMm = 1.39;
    live(2);
    expect(device.registers.input[4]).toBe(12);
    farm.rainMm = 6553.7;
    live(2);
    expect(device.registers.input[4]).toBe(0);
  });
});

describe('a valve controller', () => {
  const kind = 'valve-controller-8';
  const programme = {
    cycleS: 100,
    openings: [
      { valve: 1, atS: 10.5, forS: 20 },
      { valve: 2, atS: 50.5, forS: 1000 },
    ],
  };

  it('opens a valve when its coil is written, tells its place, and closes it when written again', () => {
    const { device, farm, live } = place({ unit: 3, kind, valves: ['north', 'south'], maxRunS: 600 });
    device.writeCoil!(1, true);
    live(10);
    expect(device.registers.coils).toEqual([false, true, false, false, false, false, false, false]);
    expect(device.registers.discreteInputs).toEqual(device.registers.coils);
    expect(farm.zone('south').flowLPerMin).toBeGreaterThan(20);
    expect(farm.zone('north').flowLPerMin).toBe(0);
    expect(device.registers.holding[1]).toBe(590);
    device.writeCoil!(1, false);
    expect(device.registers.coils[1]).toBe(false);
    expect(device.registers.discreteInputs[1]).toBe(true);
    live(10);
    expect(device.registers.discreteInputs[1]).toBe(false);
    expect(farm.main.flowLPerMin).toBe(0);
  });

  it('closes a valve by itself after the longest run, counted from the last word', () => {
    const { device, farm, live } = place({ unit: 3, kind, valves: ['north'], maxRunS: 60 });
    device.writeCoil!(0, true);
    live(40);
    device.writeCoil!(0, true);
    live(40);
    expect(farm.zone('north').valve.openingRatio).toBe(1);
    live(30);
    expect(farm.zone('north').valve.openingRatio).toBe(0);
    expect(device.registers.holding[0]).toBe(0);
  });

  it('repeats its programme, and holds every opening to the longest run', () => {
    const { device, live } = place({ unit: 3, kind, valves: ['north', 'south'], maxRunS: 30, programme });
    const seen: string[] = [];
    for (let second = 0; second < 200; second++) {
      live(1);
      const open = device.registers.coils.flatMap((on, output) => (on ? [output + 1] : [])).join();
      if (seen.at(-1)?.split('@')[0] !== open) seen.push(`${open}@${second + 1}`);
    }
    expect(seen).toEqual(['@1', '1@11', '@31', '2@51', '@81', '1@111', '@131', '2@151', '@181']);
  });

  it('lets a hand close what the programme opened, until the programme’s next turn', () => {
    const { device, live } = place({ unit: 3, kind, valves: ['north', 'south'], maxRunS: 30, programme });
    live(12);
    device.writeCoil!(0, false);
    live(10);
    expect(device.registers.coils[0]).toBe(false);
    live(90);
    expect(device.registers.coils[0]).toBe(true);
  });

  it('opens for the hold time that was written, and longer when it is written again', () => {
    const { device, farm, live } = place({ unit: 3, kind, valves: ['north'], maxRunS: 600 });
    device.writeRegisters!(0, [20]);
    expect(device.registers.holding[0]).toBe(20);
    expect(device.registers.coils[0]).toBe(false);
    device.writeCoil!(0, true);
    live(15);
    expect(device.registers.holding[0]).toBe(5);
    device.writeRegisters!(0, [20]);
    live(15);
    expect(device.registers.coils[0]).toBe(true);
    live(6);
    expect(device.registers.coils[0]).toBe(false);
    live(6);
    expect(farm.zone('north').valve.isClosed).toBe(true);
  });

  it('holds nothing open longer than its longest run, and closes for a hold time of nothing', () => {
    const { device, live } = place({ unit: 3, kind, valves: ['north', 'south'], maxRunS: 30 });
    device.writeRegisters!(0, [9000, 0]);
    expect(device.registers.holding[0]).toBe(30);
    device.writeCoil!(0, true);
    device.writeCoil!(1, true);
    expect(device.registers.holding.slice(0, 2)).toEqual([30, 30]);
    live(10);
    device.writeRegisters!(1, [0]);
    expect(device.registers.coils.slice(0, 2)).toEqual([true, false]);
    live(21);
    expect(device.registers.coils[0]).toBe(false);
  });

  it('without timers is a relay board: no hold registers, and a coil stays as it was written', () => {
    const { device, live } = place({
      unit: 3,
      kind,
      valves: ['north'],
      maxRunS: 30,
      holdTimer: false,
    });
    expect(device.registers.holding).toEqual([]);
    device.writeCoil!(0, true);
    live(1000);
    expect(device.registers.coils[0]).toBe(true);
    device.writeCoil!(0, false);
    expect(device.registers.coils[0]).toBe(false);
  });

  it('drives no valve from an output that has none', () => {
    const { device, farm, live } = place({ unit: 3, kind, valves: ['north'], maxRunS: 30 });
    device.writeCoil!(7, true);
    live(10);
    expect(device.registers.coils[7]).toBe(true);
    expect(device.registers.discreteInputs[7]).toBe(false);
    expect(farm.main.flowLPerMin).toBe(0);
  });
});

describe('a pump drive', () => {
  it('runs its pump up to the set frequency, brings pressure, tells its current, and stops', () => {
    const { device, farm, live } = place({ unit: 6, kind: 'pump-drive' }, smallFarm(PUMPED));
    expect(device.registers.input).toEqual([0, 0, 0, 0]);
    expect(device.writeRegisters!(0, [1, 4000, 60])).toBeUndefined();
    live(2);
    expect(device.registers.input[0]).toBe(1);
    expect(device.registers.input[1]).toBeCloseTo(2000, -2);
    live(5);
    expect(device.registers.input[1]).toBe(4000);
    expect(device.registers.input[2]).toBeGreaterThan(20);
    expect(farm.main.pressureKPa).toBeCloseTo(300 * 0.8 ** 2, 6);
    device.writeRegisters!(0, [0]);
    live(10);
    expect(device.registers.input).toEqual([0, 0, 0, 0]);
    expect(farm.main.pressureKPa).toBe(0);
  });

  it('stops by itself when its hold time has run out, unless it is written again', () => {
    const { device, live } = place({ unit: 6, kind: 'pump-drive' }, smallFarm(PUMPED));
    device.writeRegisters!(2, [20]);
    device.writeRegisters!(0, [1]);
    live(15);
    device.writeRegisters!(2, [20]);
    live(15);
    expect(device.registers.holding[0]).toBe(1);
    live(10);
    expect(device.registers.holding[0]).toBe(0);
    expect(device.registers.input[0]).toBe(0);
  });

  it('trips where it pumps nothing, and runs again after it was told to stop', () => {
    const { device, farm, live } = place({ unit: 6, kind: 'pump-drive', dryRunTripS: 5 }, smallFarm(PUMPED));
    farm.setFault('a', { kind: 'dry' });
    device.writeRegisters!(0, [1]);
    live(12);
    expect(device.registers.input.slice(0, 1)).toEqual([2]);
    expect(device.registers.input[3]).toBe(7);
    farm.clearFault('a');
    device.writeRegisters!(0, [0]);
    device.writeRegisters!(0, [1]);
    live(5);
    expect(device.registers.input[0]).toBe(1);
  });

  it('refuses a command and a frequency that it does not know', () => {
    const { device } = place({ unit: 6, kind: 'pump-drive' }, smallFarm(PUMPED));
    expect(device.writeRegisters!(0, [2])).toBe(3);
    expect(device.writeRegisters!(0, [1, 5001])).toBe(3);
    expect(device.registers.holding[0]).toBe(0);
  });
});

describe('a fertigation controller', () => {
  it('brings the water to its set-points while it doses and water flows, and lets go of them when it stops', () => {
    const { device, farm, live } = place({ unit: 7, kind: 'fertigation-controller' });
    const water = device.registers.input.slice(0, 2);
    device.writeRegisters!(0, [2000, 580, 600]);
    device.writeCoil!(0, true);
    live(60);
    expect(device.registers.input[0]).toBeCloseTo(water[0]!, -2);
    farm.zone('north').valve.send(true);
    live(120);
    expect(device.registers.discreteInputs).toEqual([true]);
    expect(device.registers.input[0]! / 2000).toBeCloseTo(1, 1);
    expect(device.registers.input[1]! / 580).toBeCloseTo(1, 1);
    live(500);
    expect(device.registers.discreteInputs).toEqual([false]);
    live(120);
    expect(device.registers.input[0]! / water[0]!).toBeCloseTo(1, 1);
  });
});

describe('a tank level probe, a pressure transmitter and a pulse water meter', () => {
  it('tell tank, line and zone', () => {
    const farm = smallFarm(PUMPED);
    farm.main.pump!.isToldToRun = true;
    farm.zone('north').valve.send(true);
    const tank = place({ unit: 8, kind: 'tank-level', tank: 'pond' }, farm);
    const pressure = place({ unit: 9, kind: 'pressure-transmitter' }, farm);
    const meter = place({ unit: 10, kind: 'pulse-water-meter', zone: 'north' }, farm);
    farm.step(60);
    for (const { device } of [tank, pressure, meter]) device.step(1);
    const { levelM, levelPct } = farm.tank('pond');
    expect(Math.abs(tank.device.registers.input[0]! - 1000 * levelM)).toBeLessThan(5);
    expect(Math.abs(tank.device.registers.input[1]! - 10 * levelPct)).toBeLessThan(4);
    expect(Math.abs(pressure.device.registers.input[0]! - 10 * farm.main.pressureKPa)).toBeLessThan(15);
    expect(meter.device.registers.holding[1]).toBe(Math.floor(farm.zone('north').volumeL));
    expect(meter.device.registers.holding[2]).toBe(Math.round(10 * farm.zone('north').flowLPerMin));
  });
});

describe('a leaf', () => {
  it('is wetted by rain, full when it drips, and dries in the sun', () => {
    const { weather, leaf } = smallFarm();
    leaf.step(3600, { ...weather, rainMmPerH: 5 });
    expect(leaf.wetnessPct).toBe(100);
    const sun = { ...weather, rainMmPerH: 0, radiationWPerM2: 800, et0MmPerH: 0.5 };
    expect(leaf.temperatureC(sun)).toBeLessThan(sun.temperatureC);
    leaf.step(900, sun);
    expect(leaf.wetnessPct).toBeCloseTo(50, 0);
    leaf.step(3600, sun);
    expect(leaf.wetnessPct).toBe(0);
    leaf.step(3600, { ...weather, rainMmPerH: 0, humidityPct: 98, radiationWPerM2: 0, et0MmPerH: 0 });
    expect(leaf.wetnessPct).toBeGreaterThan(10);
  });
});

describe('a fault of a sensor', () => {
  const config: DeviceConfig = { unit: 1, kind: 'soil-moisture-temperature-ec', zone: 'north' };
  const series = (faults: Fault[], seconds = 300) => {
    const { device, live } = place({ ...config, faults });
    return Array.from({ length: seconds }, () => {
      live(1);
      return device.registers.input.slice();
    });
  };

  it('drift: one value wanders off, the others stay as they would be', () => {
    const sound = series([]);
    const drifting = series([{ kind: 'drift', channel: 'moisture', perHour: 60 }]);
    expect(drifting.at(-1)![0]! - sound.at(-1)![0]!).toBeCloseTo(50, -1);
    expect(drifting.map(([, ...rest]) => rest)).toEqual(sound.map(([, ...rest]) => rest));
  });

  it('stuck-value: stays as it was when it stuck', () => {
    const { device, farm, live } = place(config);
    live(5);
    const [before] = device.registers.input;
    device.setFaults!([{ kind: 'stuck-value', channel: 'moisture' }]);
    farm.zone('north').valve.send(true);
    live(600);
    expect(device.registers.input[0]).toBe(before);
    device.setFaults!([]);
    live(2);
    expect(device.registers.input[0]).toBeGreaterThan(before! + 12);
  });

  it('spikes: a share of the values is far off, the same ones for the same seed', () => {
    const fault: Fault = { kind: 'spikes', channel: 'ec', share: 0.2, size: 5000 };
    const spiked = series([fault]);
    const far = spiked.filter(([, , ec]) => ec! > 4000 || ec === 0).length;
    expect(far).toBeGreaterThan(40);
    expect(far).toBeLessThan(80);
    expect(series([fault])).toEqual(spiked);
  });

  it('names a channel that the device has', () => {
    expect(() => place({ ...config, faults: [{ kind: 'drift', channel: 'mood' }] })).toThrow(
      /channels: moisture, temperature, ec/,
    );
  });
});
