import { describe, expect, it } from 'vitest';
import { smallFarm } from '../testing.ts';
import type { FarmEvent } from './farm.ts';

const LINES = [
  {
    id: 'old',
    supply: { pressureKPa: 300, pressureAtRatedFlowKPa: 220, ratedFlowLPerMin: 80, ecUsPerCm: 600 },
  },
  {
    id: 'new',
    supply: { pressureKPa: 400, pressureAtRatedFlowKPa: 300, ratedFlowLPerMin: 80, ecUsPerCm: 600 },
  },
];

describe('faults of valves and pipes', () => {
  it('stuck: the valve goes where it sticks, whatever it is told, and obeys again once it is mended', () => {
    const events: FarmEvent[] = [];
    const farm = smallFarm({}, { notice: (event) => events.push(event) });
    farm.setFault('a', { kind: 'stuck', zone: 'north', at: 'open' });
    farm.step(10);
    expect(farm.zone('north').valve).toMatchObject({ openingRatio: 1, isToldOpen: false });
    expect(farm.zone('north').flowLPerMin).toBeGreaterThan(30);
    expect(farm.clearFault('a')).toBe(true);
    farm.step(10);
    expect(farm.zone('north').valve.isClosed).toBe(true);
    farm.setFault('a', { kind: 'stuck', zone: 'north', at: 'closed' });
    farm.zone('north').valve.send(true);
    farm.step(10);
    expect(farm.zone('north').flowLPerMin).toBe(0);
    farm.clearFault('a');
    farm.step(2);
    farm.setFault('a', { kind: 'stuck', zone: 'north', at: 'here' });
    farm.step(100);
    expect(farm.zone('north').valve.openingRatio).toBeCloseTo(0.5, 6);
    expect(events.map(({ event }) => event)).toEqual(['opened', 'closed', 'told-open', 'opened']);
  });

  it('leak: the meter counts water that reaches no zone', () => {
    const farm = smallFarm();
    farm.setFault('a', { kind: 'leak', flowLPerMin: 5 });
    farm.step(60);
    expect(farm.main.flowLPerMin).toBeGreaterThan(5);
    expect(farm.main.flowLPerMin).toBeLessThan(7);
    expect(farm.main.volumeL).toBeCloseTo(farm.main.flowLPerMin, 6);
    expect(farm.zone('north').volumeL).toBe(0);
  });

  it('burst: a huge flow, and the pressure falls', () => {
    const farm = smallFarm();
    farm.zone('north').valve.send(true);
    farm.step(10);
    const sound = { flow: farm.main.flowLPerMin, pressure: farm.main.pressureKPa };
    farm.setFault('a', { kind: 'burst' });
    farm.step(1);
    expect(farm.main.flowLPerMin).toBeGreaterThan(3 * sound.flow);
    expect(farm.main.pressureKPa).toBeLessThan(sound.pressure / 3);
  });

  it('burst behind a valve: loses water while that valve is open, and the soil gets less', () => {
    const farm = smallFarm();
    farm.setFault('a', { kind: 'burst', zone: 'north', flowLPerMin: 100 });
    farm.step(5);
    expect(farm.main.flowLPerMin).toBe(0);
    farm.zone('north').valve.send(true);
    farm.step(60);
    const { soil, volumeL, areaM2 } = farm.zone('north');
    expect(volumeL).toBeGreaterThan(60);
    expect(soil.totals.irrigationMm * areaM2).toBeLessThan(volumeL / 3);
  });

  it('clogged: the flow falls with time to the share that is left', () => {
    const farm = smallFarm();
    farm.zone('north').valve.send(true);
    farm.step(10);
    const sound = farm.zone('north').flowLPerMin;
    farm.setFault('a', { kind: 'clogged', zone: 'north', share: 0.5, overS: 100 });
    farm.step(50);
    expect(farm.zone('north').flowLPerMin / sound).toBeCloseTo(0.75, 1);
    farm.step(100);
    expect(farm.zone('north').flowLPerMin / sound).toBeCloseTo(0.5, 1);
  });

  it('dry: no pressure and no flow', () => {
    const farm = smallFarm();
    farm.zone('north').valve.send(true);
    farm.setFault('a', { kind: 'dry' });
    farm.step(10);
    expect(farm.main).toMatchObject({ flowLPerMin: 0, pressureKPa: 0 });
  });

  it('begins and ends at its times', () => {
    const farm = smallFarm({ faults: [{ kind: 'leak', flowLPerMin: 5, afterS: 10, forS: 20 }] });
    const flows: boolean[] = [];
    for (let second = 0; second < 40; second++) {
      farm.step(1);
      flows.push(farm.main.flowLPerMin > 0);
    }
    expect([flows.indexOf(true), flows.lastIndexOf(true)]).toEqual([10, 29]);
    expect([...farm.faults.keys()]).toEqual(['fault-1']);
  });

  it('belongs to its own line, and another line runs on', () => {
    const farm = smallFarm({
      lines: LINES,
      zones: [
        { id: 'north', areaM2: 15, valveFlowLPerMin: 32, line: 'old' },
        { id: 'south', areaM2: 15, valveFlowLPerMin: 32, line: 'new' },
      ] as never,
    });
    for (const zone of farm.zones.values()) zone.valve.send(true);
    farm.setFault('a', { kind: 'dry', line: 'old' });
    farm.step(10);
    expect(farm.zone('north').flowLPerMin).toBe(0);
    expect(farm.zone('south').flowLPerMin).toBeGreaterThan(30);
    expect(farm.line('new').flowLPerMin).toBe(farm.zone('south').flowLPerMin);
  });

  it('refuses what is not there', () => {
    const farm = smallFarm();
    expect(() => farm.setFault('a', { kind: 'stuck', zone: 'moon', at: 'open' })).toThrow(/no zone "moon"/);
    expect(() => farm.setFault('a', { kind: 'dry', line: 'moon' })).toThrow(/no line "moon"; lines: main/);
    expect(farm.faults.size).toBe(0);
  });
});

describe('a line with pump and tank', () => {
  const lines = [
    {
      id: 'main',
      supply: { pressureKPa: 300, pressureAtRatedFlowKPa: 220, ratedFlowLPerMin: 80, ecUsPerCm: 600 },
      pump: { ratedHz: 50, ratedCurrentA: 8, rampHzPerS: 10 },
      tank: 'pond',
    },
  ];
  const tanks = [
    {
      id: 'pond',
      capacityL: 100,
      heightM: 2,
      initialPct: 50,
      refillLPerMin: 6,
      refillBelowPct: 20,
      refillToPct: 90,
    },
  ];

  it('gives the square of the pump’s speed as pressure, and nothing while it stands', () => {
    const farm = smallFarm({ lines, tanks });
    farm.step(1);
    expect(farm.main.pressureKPa).toBe(0);
    farm.main.pump!.isToldToRun = true;
    farm.step(10);
    expect(farm.main.pressureKPa).toBeCloseTo(300, 6);
    farm.main.pump!.setHz = 25;
    farm.step(10);
    expect(farm.main.pressureKPa).toBeCloseTo(75, 6);
    expect(farm.main.currentA).toBeGreaterThan(1);
  });

  it('empties its tank by what flows, runs dry, and waits for the well', () => {
    const farm = smallFarm({ lines, tanks });
    farm.main.pump!.isToldToRun = true;
    farm.zone('north').valve.send(true);
    farm.step(40);
    expect(farm.tank('pond').levelPct).toBeCloseTo(50 - farm.main.volumeL, 6);
    farm.tank('pond').isCutOff = true;
    farm.step(600);
    expect(farm.tank('pond').isEmpty).toBe(true);
    expect(farm.main).toMatchObject({ flowLPerMin: 0, pressureKPa: 0 });
    farm.zone('north').valve.send(false);
    farm.tank('pond').isCutOff = false;
    farm.step(600);
    expect(farm.tank('pond').levelPct).toBeGreaterThan(50);
  });
});
