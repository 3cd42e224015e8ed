import { Type } from 'typebox';
import { expect, test } from 'vitest';
import { parseConfig } from '../core/config.ts';
import { findQuantity } from '../core/quantities.ts';
import { DATA_TYPES } from '../core/sparkplug/payload.ts';
import type { MetricSpec, Sample } from './driver.ts';
import { ReportConfig, reportProblems, reportRules } from './report-config.ts';
import { ReportFilter } from './report-filter.ts';
import { soilMoisture } from './testing/soil-moisture.ts';

const metric = (name: string): MetricSpec => {
  const [measurement = '', field = ''] = name.split('/');
  return { ...soilMoisture, quantity: findQuantity(measurement, field)! };
};
const flow = metric('irrigation/flow');
const valve = { ...metric('irrigation/valve_state'), dataType: DATA_TYPES.Boolean };
const energy = metric('power/energy');
const RULE = { deadBand: 0.5, longestSilenceMs: 60_000 };

/** The values that pass, each a second after the one before. */
function passing(
  spec: MetricSpec,
  values: readonly (Sample['value'] | [Sample['value'], Sample['quality']])[],
) {
  const filter = new ReportFilter(() => RULE);
  return values.filter((one, at) => {
    const [value, quality] = Array.isArray(one) ? one : [one, 'good' as const];
    return filter.pass('probe', [{ metric: spec, value, quality }], 1_000 * at).length > 0;
  });
}

test('the first passes, then what is further than the dead band from the last that was sent', () => {
  expect(passing(soilMoisture, [20, 20.5, 19.5, 20.51, 20.4, 20.01, 20])).toEqual([20, 20.51, 20]);
});

test('a slow drift passes in steps of the dead band', () => {
  expect(passing(soilMoisture, [20, 20.2, 20.4, 20.6, 20.8, 21, 21.2])).toEqual([20, 20.6, 21.2]);
});

test('an outlier and the return from it both pass', () => {
  expect(passing(soilMoisture, [20, 20.1, 35, 20.1, 20.2])).toEqual([20, 35, 20.1]);
});

test('a change of quality passes, there and back; so does a value that is missing or is there again', () => {
  expect(passing(soilMoisture, [20, [20, 'bad'], [20, 'bad'], 20, null, null, 20])).toEqual([
    20,
    [20, 'bad'],
    20,
    null,
    20,
  ]);
});

test('a state passes on every change, as a boolean and as a number', () => {
  expect(passing(valve, [false, false, true, true, false])).toEqual([false, true, false]);
  expect(passing(metric('gnss/fix'), [1, 1, 2, 2, 1])).toEqual([1, 2, 1]);
});

test('a counter that begins anew passes, however little it fell', () => {
  expect(passing(energy, [0.3, 0.4, 0.1, 0.2, 0.65])).toEqual([0.3, 0.1, 0.65]);
});

test('silence ends after its time, and where a clock was set back', () => {
  const filter = new ReportFilter(() => RULE);
  const at = (timeMs: number) =>
    filter.pass('probe', [{ metric: soilMoisture, value: 20, quality: 'good' }], timeMs).length;
  expect([0, 59_999, 60_000, 60_001, 50_000].map(at)).toEqual([1, 0, 1, 0, 1]);
});

test('a device that comes back is heard; devices do not answer for each other', () => {
  const filter = new ReportFilter(() => RULE);
  const say = (device: string) =>
    filter.pass(device, [{ metric: soilMoisture, value: 20, quality: 'good' }], 0).length;
  expect([say('a'), say('a'), say('b')]).toEqual([1, 0, 1]);
  filter.forget('a');
  expect([say('a'), say('b')]).toEqual([1, 0]);
});

test('without a rule every reading passes; the gateway’s rule goes before the profile’s', () => {
  const ruleOf = reportRules({ 'soil/moisture': { deadBand: 1, longestSilenceS: 60 } });
  const withRule = { ...flow, report: RULE };
  expect(ruleOf(flow)).toBeUndefined();
  expect(ruleOf(withRule)).toBe(RULE);
  expect(ruleOf({ ...soilMoisture, report: RULE })).toEqual({ deadBand: 1, longestSilenceMs: 60_000 });
});

test.each([
  ['soil/moistures', 0, 'there is no quantity "soil/moistures"; of soil there are moisture, temperature'],
  ['soil/moisture', 101, 'a deadBand of 101 % for soil/moisture is wider than its range, 0 to 100 %'],
  ['irrigation/valve_state', 0.5, 'irrigation/valve_state is a state, whose every change is sent'],
])('a rule for %s with a dead band of %s is refused', (name, deadBand, problem) => {
  expect(reportProblems({ [name]: { deadBand, longestSilenceS: 60 } })[0]).toContain(problem);
});

test('a rule is read from YAML', () => {
  const schema = Type.Object({ report: ReportConfig });
  expect(parseConfig(schema, 'report: { soil/moisture: { deadBand: 0.2 } }', 'gateway.yaml').report).toEqual({
    'soil/moisture': { deadBand: 0.2, longestSilenceS: 600 },
  });
  expect(parseConfig(schema, '{}', 'gateway.yaml').report).toEqual({});
});
