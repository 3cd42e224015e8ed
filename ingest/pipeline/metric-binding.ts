import { type ErrorDetails, SluiceError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { plainText } from '../../core/plain-text.ts';
import { findQuantity, type Quantity } from '../../core/quantities.ts';
import { type SeriesKey, seriesKey } from '../../core/reading.ts';
import { BIRTH_PROPERTIES, parseMetricName } from '../../core/sparkplug/metric-name.ts';
import { converter } from '../../core/units.ts';
import type { MetricDefinition } from '../session/host-state.ts';

const LONGEST_NAME = 256;
const LONGEST_UNIT = 32;
/** As long as an id may be. */
const LONGEST_SHOWN_ID = 64;

/** What a birth settles for every reading of a metric, worked out once. */
export interface MetricBinding {
  readonly key: SeriesKey;
  /** `undefined` for a metric that is not in the catalogue. */
  readonly quantity: Quantity | undefined;
  /** To the canonical unit; `undefined` where the values come in it. */
  readonly convert: ((value: number) => number) | undefined;
  /** Why tags, or the unit of a metric that is not in the catalogue, were left out. */
  readonly ignored: readonly SluiceError[];
}

/**
 * Throws `METRIC_NAME_INVALID` or `UNIT_UNCONVERTIBLE`: then no reading of this metric can be stored. A birth without
 * a unit means the canonical one. `placed` is the zone of a metric whose birth names none.
 */
export function bindMetric(definition: MetricDefinition, placed = ''): MetricBinding {
  const { site, gateway, device, name, properties } = definition;
  if (name === '' || name.length > LONGEST_NAME || plainText(name) !== name) {
    const shown = plainText(name.slice(0, LONGEST_NAME));
    throw new SluiceError('METRIC_NAME_INVALID', { metric: shown, limit: LONGEST_NAME });
  }
  const place = parseMetricName(name, (measurement, field) => findQuantity(measurement, field) !== undefined);
  const quantity = findQuantity(place.measurement, place.field);
  const given = properties[BIRTH_PROPERTIES.unit];
  const givenUnit = typeof given === 'string' ? plainText(given) : '';
  const isUnitTooLong = givenUnit.length > LONGEST_UNIT;
  const ignored: SluiceError[] = [];
  if (!quantity && isUnitTooLong) {
    const details = { metric: name, given: shortened(givenUnit, LONGEST_UNIT), limit: LONGEST_UNIT };
    ignored.push(new SluiceError('UNIT_TOO_LONG', details));
  }
  const tag = (kind: 'zone' | 'link' | 'class'): string => {
    const value = properties[BIRTH_PROPERTIES[kind]];
    if (typeof value !== 'string' || value === '') return '';
    if (isId(value)) return value;
    ignored.push(new SluiceError('ID_INVALID', { kind, value: shortened(value, LONGEST_SHOWN_ID) }));
    return '';
  };
  const key = seriesKey({
    ...place,
    unit: quantity ? quantity.unit : isUnitTooLong ? '' : givenUnit,
    site,
    gateway,
    device,
    zone: tag('zone') || placed,
    link: tag('link'),
    class: tag('class'),
  });
  return { key, quantity, convert: quantity && conversion(quantity, givenUnit), ignored };
}

function conversion(quantity: Quantity, given: string): MetricBinding['convert'] {
  if (given === '' || given === quantity.unit) return undefined;
  const convert = converter(given, quantity.unit);
  if (convert) return convert;
  const { measurement, field, unit } = quantity;
  const details: ErrorDetails = { measurement, field, unit, given: shortened(given, LONGEST_UNIT) };
  throw new SluiceError('UNIT_UNCONVERTIBLE', details);
}

function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}
