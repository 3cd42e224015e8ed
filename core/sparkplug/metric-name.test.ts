import { describe, expect, it } from 'vitest';
import { findQuantity } from '../quantities.ts';
import { formatMetricName, parseMetricName } from './metric-name.ts';

const isKnown = (measurement: string, field: string) => findQuantity(measurement, field) !== undefined;

describe('metric names', () => {
  it.each([
    ['soil/moisture', { measurement: 'soil', field: 'moisture', point: '' }],
    ['irrigation/valve_state/v3', { measurement: 'irrigation', field: 'valve_state', point: 'v3' }],
  ])('reads and writes %s', (name, place) => {
    expect(parseMetricName(name, isKnown)).toEqual(place);
    expect(formatMetricName(place)).toBe(name);
  });

  it.each(['Inputs/A', 'soil', 'soil/moisture/v1/deep', 'soil/moisture/a b', 'soil/taste', ''])(
    'keeps the whole of "%s", which is not in the catalogue, as a foreign field',
    (name) => {
      expect(parseMetricName(name, isKnown)).toEqual({ measurement: 'foreign', field: name, point: '' });
    },
  );
});
