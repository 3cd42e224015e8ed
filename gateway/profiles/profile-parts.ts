import { Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import { findQuantity, QUANTITIES, type Quantity } from '../../core/quantities.ts';
import { converter } from '../../core/units.ts';
import { LONGEST_INTERVAL_MS } from '../driver.ts';
import type { ProfileProblem } from './load-profile.ts';

/*
 * What every device profile says in the same words, whatever the way to the device: its title, its polling groups, which
 * quantities it measures, in which range, when they are worth sending, and how far they may be set. Where a value stands
 * in the device is each driver's own.
 */

export const profileTitle = Type.Object(
  { en: Type.String(), zh: Type.String() },
  { additionalProperties: false },
);

/** `fastestMs`: what devices of this kind can bear. */
export function pollingGroups(fastestMs: number, settings: { readonly default?: object } = {}) {
  const everyMs = Type.Integer({
    minimum: fastestMs,
    maximum: LONGEST_INTERVAL_MS,
    description: 'Interval of polling',
  });
  return Type.Record(
    Type.String({ pattern: ID_PATTERN }),
    Type.Object({ everyMs }, { additionalProperties: false }),
    { additionalProperties: false, description: 'Polling groups by name', ...settings },
  );
}

/** Of one metric. */
export const metricParts = {
  quantity: Type.String({ description: 'measurement/field of the catalogue, such as soil/moisture' }),
  point: Type.Optional(
    Type.String({ pattern: ID_PATTERN, description: 'Where a device has several of one quantity' }),
  ),
  range: Type.Optional(
    Type.Tuple([Type.Number(), Type.Number()], {
      description: 'What the instrument can measure, in the canonical unit; a value outside is marked bad',
    }),
  ),
  report: Type.Optional(
    Type.Object(
      {
        deadBand: Type.Number({
          minimum: 0,
          description:
            'In the canonical unit: a value is sent when it has moved by more; 0 sends every change',
        }),
        longestSilenceS: Type.Integer({
          minimum: 1,
          maximum: LONGEST_INTERVAL_MS / 1000,
          description: 'After so many seconds a value is sent though it has not moved',
        }),
      },
      {
        additionalProperties: false,
        description: 'When a value is worth sending; every one where not given',
      },
    ),
  ),
};

/** Of where a metric is read: from what the device counts in to the canonical unit. */
export const scaleParts = {
  scale: Type.Number({ default: 1, description: 'value = raw × scale + offset' }),
  offset: Type.Number({ default: 0 }),
  unit: Type.Optional(Type.String({ description: 'What the device counts in; canonical where not given' })),
};

/** Of what can be commanded. */
export const writeParts = {
  role: Type.Enum(['valve', 'pump', 'setting'], {
    description: 'What hangs on it, for leases and interlocks',
  }),
  safe: Type.Union([Type.Number(), Type.Boolean()], {
    description:
      'Harmless for ever: set on start, when a lease ends and by interlocks; in the canonical unit',
  }),
  min: Type.Optional(Type.Number({ description: 'Least that may be set, in the canonical unit' })),
  max: Type.Optional(Type.Number({ description: 'Most that may be set, in the canonical unit' })),
};

export const MS_OF_TIMER_UNIT = { ms: 1, s: 1_000, min: 60_000 } as const;

export const timerUnit = Type.Enum(['ms', 's', 'min'], { default: 's', description: 'What it counts in' });

interface CommonMetric {
  readonly quantity: string;
  readonly point?: string;
  readonly group?: string;
  readonly range?: readonly [number, number];
  readonly read: { readonly scale: number; readonly unit?: string };
}

/** Where in a metric something is wrong, as a path in the profile. */
export type At = (...path: string[]) => (string | number)[];

/** Of a profile that has been checked, or `undefined` while it is being checked. */
export function quantityOf({ quantity: name }: Pick<CommonMetric, 'quantity'>): Quantity | undefined {
  const [measurement = '', field = ''] = name.split('/');
  return findQuantity(measurement, field);
}

/** Mistakes in the common parts of every metric, then those that `more` finds in the rest of it. */
export function metricProblems<M extends CommonMetric>(
  { groups, metrics }: { readonly groups: Readonly<Record<string, unknown>>; readonly metrics: readonly M[] },
  more: (metric: M, at: At) => ProfileProblem[],
): ProfileProblem[] {
  const seen = new Set<string>();
  return metrics.flatMap((one, index) => {
    const at: At = (...path) => ['metrics', index, ...path];
    const { quantity, point = '', group, range: [from, to] = [0, 0], read } = one;
    const problems = quantityProblems(one, at);
    const name = `${quantity} ${point}`;
    if (seen.has(name)) problems.push({ path: at('quantity'), text: 'stands here twice; give each a point' });
    seen.add(name);
    if (group !== undefined && !Object.hasOwn(groups, group)) {
      const known = Object.keys(groups).join(', ') || 'none';
      problems.push({ path: at('group'), text: `there is no group "${group}"; groups: ${known}` });
    }
    if (from > to) {
      problems.push({ path: at('range'), text: `its end, ${to}, is before its beginning, ${from}` });
    }
    if (read.scale === 0) problems.push({ path: at('read', 'scale'), text: 'must not be 0' });
    return [...problems, ...more(one, at)];
  });
}

function quantityProblems({ quantity: name, read }: CommonMetric, at: At): ProfileProblem[] {
  const quantity = quantityOf({ quantity: name });
  if (!quantity) {
    const [measurement] = name.split('/');
    const near = QUANTITIES.filter((one) => one.measurement === measurement).map((one) => one.field);
    const hint = near.length > 0 ? `${measurement} has ${near.join(', ')}` : 'see /api/v1/quantities';
    return [{ path: at('quantity'), text: `"${name}" is not in the catalogue; ${hint}` }];
  }
  if (read.unit !== undefined && !converter(read.unit, quantity.unit)) {
    return [{ path: at('read', 'unit'), text: `"${read.unit}" cannot be converted to ${quantity.unit}` }];
  }
  return [];
}

interface CommonWrite {
  readonly safe: number | boolean;
  readonly min?: number;
  readonly max?: number;
}

/** Whether the safe value is of the kind of the metric, and may be set. */
export function writeProblems(
  one: CommonMetric,
  write: CommonWrite,
  isBit: boolean,
  at: At,
): ProfileProblem[] {
  const problem = (key: string, text: string): ProfileProblem[] => [{ path: at('write', key), text }];
  const { safe } = write;
  if (typeof safe !== (isBit ? 'boolean' : 'number')) {
    return problem('safe', isBit ? 'the value is true or false' : 'the value is a number');
  }
  const quantity = quantityOf(one);
  if (!quantity || typeof safe === 'boolean') return [];
  const { min = one.range?.[0] ?? quantity.min, max = one.range?.[1] ?? quantity.max } = write;
  if (min > max) return problem('max', `${max} is less than the least, ${min}`);
  if (safe < min || safe > max) return problem('safe', `${safe} is not within ${min} to ${max}`);
  return [];
}
