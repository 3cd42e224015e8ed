import { isId } from '../ids.ts';

/**
 * How Sluice names metrics: `measurement/field`, or `measurement/field/point` where one device has several of
 * the same (`irrigation/valve_state/v3`). Tags that are not in the topic travel as birth properties.
 */
export interface MetricPlace {
  readonly measurement: string;
  readonly field: string;
  /** Empty where the device has just one. */
  readonly point: string;
}

/** The measurement of metrics that are not in the quantity catalogue; their whole name is the field. */
export const FOREIGN_MEASUREMENT = 'foreign';

export function formatMetricName({ measurement, field, point }: MetricPlace): string {
  return point === '' ? `${measurement}/${field}` : `${measurement}/${field}/${point}`;
}

/** `isKnown` says whether the catalogue has a measurement and field. */
export function parseMetricName(
  name: string,
  isKnown: (measurement: string, field: string) => boolean,
): MetricPlace {
  const [measurement = '', field = '', point = '', ...rest] = name.split('/');
  const fits = rest.length === 0 && (point === '' || isId(point)) && isKnown(measurement, field);
  return fits ? { measurement, field, point } : { measurement: FOREIGN_MEASUREMENT, field: name, point: '' };
}

/**
 * Birth properties that Sluice reads and writes beside a metric's value. `engUnit` is in common use elsewhere; `writable`
 * is a boolean, true for what a command may set. Nodes of others leave it out, which says nothing.
 */
export const BIRTH_PROPERTIES = {
  unit: 'engUnit',
  zone: 'zone',
  link: 'link',
  class: 'class',
  writable: 'writable',
} as const;
