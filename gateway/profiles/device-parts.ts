import { Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import type { DataType } from '../../core/sparkplug/payload.ts';
import type { MetricSpec, WriteSpec } from '../driver.ts';
import { quantityOf } from './profile-parts.ts';

/*
 * What the settings of every device with a profile say, whatever the way to it, and what follows from both together:
 * the metrics that are in use, in their zones.
 */

export const namedId = (description: string) => Type.String({ pattern: ID_PATTERN, description });

export const deviceParts = {
  id: namedId('Name of the device, unique in the gateway'),
  profile: Type.String({
    minLength: 1,
    description: 'A profile that comes with Sluice, or a .yaml file relative to this one',
  }),
  zone: Type.Optional(namedId('Where it measures')),
  points: Type.Optional(
    Type.Record(
      Type.String({ pattern: ID_PATTERN }),
      Type.Object({ zone: Type.Optional(namedId('Zone of this point')) }, { additionalProperties: false }),
      {
        additionalProperties: false,
        description: 'The points that are in use, with their zones; all where not given',
      },
    ),
  ),
};

interface CommonDevice {
  readonly id: string;
  readonly zone?: string;
  readonly points?: Readonly<Record<string, { readonly zone?: string }>>;
}

interface CommonMetric {
  readonly quantity: string;
  readonly point?: string;
  readonly group?: string;
  readonly report?: { readonly deadBand: number; readonly longestSilenceS: number };
}

/** The metrics of a profile that the device has: those without a point, and the points that its settings name. */
export function usedMetrics<M extends CommonMetric>(
  { points }: CommonDevice,
  { metrics }: { readonly metrics: readonly M[] },
): M[] {
  return metrics.filter(({ point }) => !points || !point || Object.hasOwn(points, point));
}

/** The polling groups that read one of `used`. */
export function usedGroups(
  used: readonly CommonMetric[],
  groups: Readonly<Record<string, { readonly everyMs: number }>>,
  everyMs?: number,
): { id: string; everyMs: number }[] {
  return Object.entries(groups)
    .filter(([id]) => used.some(({ group }) => group === id))
    .map(([id, own]) => ({ id, everyMs: everyMs ?? own.everyMs }));
}

/** The profile has been checked, so its quantities exist. */
export function metricSpec(
  one: CommonMetric,
  { zone = '', points }: CommonDevice,
  dataType: DataType,
  write: WriteSpec | undefined,
): MetricSpec {
  const { point = '', report } = one;
  return {
    quantity: quantityOf(one)!,
    point,
    zone: points?.[point]?.zone ?? zone,
    link: '',
    class: '',
    dataType,
    ...(report
      ? { report: { deadBand: report.deadBand, longestSilenceMs: 1000 * report.longestSilenceS } }
      : {}),
    ...(write ? { write } : {}),
  };
}

/** A line for each point in the settings of a device that its profile does not have. */
export function pointProblems(
  { id, points = {} }: CommonDevice,
  { metrics }: { readonly metrics: readonly CommonMetric[] },
): string[] {
  const known = metrics.flatMap(({ point }) => point ?? []);
  return Object.keys(points)
    .filter((point) => !known.includes(point))
    .map((point) => {
      return `  device ${id}: its profile has no point "${point}"; points: ${known.join(', ') || 'none'}`;
    });
}
