import { type Static, Type } from 'typebox';
import { findQuantity, QUANTITIES } from '../core/quantities.ts';
import { LONGEST_INTERVAL_MS, type MetricSpec, type ReportRule } from './driver.ts';

export const ReportConfig = Type.Record(
  Type.String(),
  Type.Object(
    {
      deadBand: Type.Number({
        minimum: 0,
        description:
          'In the unit of the quantity: a value is sent when it has moved by more; 0 sends every change',
      }),
      longestSilenceS: Type.Number({
        minimum: 0,
        maximum: LONGEST_INTERVAL_MS / 1_000,
        default: 600,
        description: 'Seconds after which the value is sent in any case; 0 sends every one',
      }),
    },
    { additionalProperties: false },
  ),
  {
    default: {},
    description: 'By quantity (soil/moisture) when a value is worth sending; without a rule every one is',
  },
);

export type ReportConfig = Static<typeof ReportConfig>;

/** What no schema can see. */
export function reportProblems(config: ReportConfig): string[] {
  return Object.entries(config).flatMap(([name, { deadBand }]) => {
    const quantity = findQuantity(...split(name));
    if (!quantity) {
      const near = QUANTITIES.filter(({ measurement }) => measurement === split(name)[0]).map(
        ({ field }) => field,
      );
      const known = near.length > 0 ? `; of ${split(name)[0]} there are ${near.join(', ')}` : '';
      return [`report: there is no quantity "${name}"${known}`];
    }
    const { kind, min, max, unit } = quantity;
    if (kind === 'state' && deadBand > 0)
      return [`report: ${name} is a state, whose every change is sent: deadBand must be 0`];
    if (deadBand <= max - min) return [];
    return [
      `report: a deadBand of ${deadBand} ${unit} for ${name} is wider than its range, ${min} to ${max} ${unit}`,
    ];
  });
}

/** A rule of the gateway goes before one of the device's profile. */
export function reportRules(config: ReportConfig): (metric: MetricSpec) => ReportRule | undefined {
  return ({ quantity, report }) => {
    const rule = config[`${quantity.measurement}/${quantity.field}`];
    return rule ? { deadBand: rule.deadBand, longestSilenceMs: 1_000 * rule.longestSilenceS } : report;
  };
}

function split(name: string): [measurement: string, field: string] {
  const [measurement = '', ...field] = name.split('/');
  return [measurement, field.join('/')];
}
