import { describe, expect, it } from 'vitest';
import { isId } from './ids.ts';
import { findQuantity, QUANTITIES, type Quantity } from './quantities.ts';
import { converter } from './units.ts';

const nameOf = ({ measurement, field }: Quantity) => `${measurement}/${field}`;
const HAN = /\p{Script=Han}/u;

/** The names of the quantities for which something is not as it must be. */
function offenders(isWrong: (quantity: Quantity) => boolean): string[] {
  return QUANTITIES.filter(isWrong).map(nameOf);
}

describe('the catalogue', () => {
  it('covers every field of the platform, with at least sixty quantities', () => {
    expect(QUANTITIES.length).toBeGreaterThanOrEqual(60);
    expect([...new Set(QUANTITIES.map(({ measurement }) => measurement))]).toEqual(
      expect.arrayContaining(['soil', 'weather', 'water', 'irrigation', 'gnss', 'link', 'power', 'gateway']),
    );
  });

  it('gives no two quantities one name, in any language', () => {
    for (const label of [nameOf, ({ en }: Quantity) => en, ({ zh }: Quantity) => zh]) {
      const labels = QUANTITIES.map(label);
      expect(labels.filter((one, index) => labels.indexOf(one) !== index)).toEqual([]);
    }
  });

  it('names every quantity in English and in Chinese', () => {
    expect(offenders(({ en, zh }) => !/^[A-Z]/.test(en) || HAN.test(en) || !HAN.test(zh))).toEqual([]);
  });

  it('has names that can stand in a topic and in a query', () => {
    const fits = (part: string) => isId(part) && part === part.toLowerCase();
    expect(offenders(({ measurement, field }) => !fits(measurement) || !fits(field))).toEqual([]);
  });

  it('gives every quantity a range, and digits that can show it', () => {
    expect(offenders(({ kind, min, max }) => kind !== 'text' && !(min < max))).toEqual([]);
    expect(offenders(({ decimals }) => !Number.isInteger(decimals) || decimals < 0 || decimals > 6)).toEqual(
      [],
    );
  });

  it('counts from zero where it counts', () => {
    expect(offenders(({ kind, min }) => kind === 'counter' && min !== 0)).toEqual([]);
  });

  it('names the states of a state, and of nothing else, in both languages and within its range', () => {
    expect(offenders(({ kind, states }) => (kind === 'state') !== (states !== undefined))).toEqual([]);
    expect(offenders(({ kind, unit }) => kind === 'state' && unit !== '')).toEqual([]);
    const isWrong = ({ states = {}, min, max }: Quantity) =>
      Object.entries(states).some(([value, { en, zh }]) => {
        return Number(value) < min || Number(value) > max || !/[a-z]/i.test(en) || !HAN.test(zh);
      });
    expect(offenders(isWrong)).toEqual([]);
  });

  it('keeps percentiles of times on the way, and of nothing that is a state or a count', () => {
    const kept = QUANTITIES.filter(({ hasPercentiles }) => hasPercentiles);
    expect(kept.map(nameOf)).toEqual(expect.arrayContaining(['link/latency', 'link/jitter']));
    expect(kept.filter(({ unit, kind }) => unit !== 'ms' || kind !== 'gauge')).toEqual([]);
    expect(kept).toHaveLength(7);
  });

  it('spells each unit in one way', () => {
    const units = [...new Set(QUANTITIES.map(({ unit }) => unit))];
    // Two canonical units that differ by a factor of one are two spellings of the same.
    const twins = units.filter((unit) => {
      return units.some((other) => other !== unit && converter(other, unit)?.(1) === 1);
    });
    expect(twins).toEqual([]);
    expect(units.filter((unit) => /[23]$|^u|deg|Cel|℃/.test(unit))).toEqual([]);
  });

  it('finds a quantity by its name, and none by another', () => {
    expect(offenders((one) => findQuantity(one.measurement, one.field) !== one)).toEqual([]);
    expect(findQuantity('soil', 'flavour')).toBeUndefined();
    expect(findQuantity('soil/moisture', '')).toBeUndefined();
  });
});

it('takes water that runs back for a measurement: interlocks must see a meter that reads −0.1 L/min', () => {
  expect(findQuantity('irrigation', 'flow')!.min).toBeLessThan(0);
});
