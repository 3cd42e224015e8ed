import { describe, expect, it } from 'vitest';
import { converter } from './units.ts';

/** Pairs from the definitions of the units, not from our table. */
describe('a value converts', () => {
  it.each([
    [0.25, 'm³/m³', 25, '%'],
    [37.5, '%', 0.375, '1'],
    [273.15, 'K', 0, '°C'],
    [212, '°F', 100, '°C'],
    [-40, '°F', -40, '°C'],
    [21.5, 'Cel', 21.5, '°C'],
    [1.2, 'dS/m', 1200, 'µS/cm'],
    [1.2, 'mS/cm', 1200, 'µS/cm'],
    [0.12, 'S/m', 1200, 'µS/cm'],
    [2, 'bar', 200, 'kPa'],
    [1013.25, 'hPa', 101.325, 'kPa'],
    [0.3, 'MPa', 300, 'kPa'],
    [14.5037738, 'psi', 100, 'kPa'],
    [101.325, 'kPa', 1013.25, 'hPa'],
    [101_325, 'Pa', 1013.25, 'hPa'],
    [6, 'm³/h', 100, 'L/min'],
    [600, 'L/h', 10, 'L/min'],
    [0.5, 'L/s', 30, 'L/min'],
    [1500, 'L', 1.5, 'm³'],
    [12, 'cm', 0.12, 'm'],
    [0.5, 'm', 500, 'mm'],
    [36, 'km/h', 10, 'm/s'],
    [1, 'kn', 0.514444, 'm/s'],
    [0.012, 's', 12, 'ms'],
    [250, 'µs', 0.25, 'ms'],
    [12_600, 'mV', 12.6, 'V'],
    [1500, 'Wh', 1.5, 'kWh'],
  ])('%d %s to %d %s', (value, from, expected, to) => {
    expect(converter(from, to)!(value)).toBeCloseTo(expected, 6);
  });
});

describe('a converter', () => {
  it('leaves a value in its own unit alone, known or not', () => {
    expect(converter('L/min', 'L/min')!(0.1)).toBe(0.1);
    expect(converter('furlong', 'furlong')!(3)).toBe(3);
  });

  it('is not there between units of different things', () => {
    expect(converter('°C', 'kPa')).toBeUndefined();
    expect(converter('m', 'm³')).toBeUndefined();
    expect(converter('furlong', 'm')).toBeUndefined();
    expect(converter('', '%')).toBeUndefined();
  });
});
