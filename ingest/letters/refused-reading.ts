import { EVENT_METRIC } from '../../core/gateway-event.ts';
import type { LedgerMark } from '../../core/ledger.ts';
import type { ReadingBatch } from '../../core/reading-batch.ts';
import { BIRTH_PROPERTIES, FOREIGN_MEASUREMENT, formatMetricName } from '../../core/sparkplug/metric-name.ts';
import type { Metric, MetricValue } from '../../core/sparkplug/payload.ts';
import { statusOf, statusProperties } from '../../core/sparkplug/status.ts';
import type { MetricDefinition } from '../session/host-state.ts';
import type { LetterContent, RefusedReading, Sender } from './letter.ts';

const READ_PROPERTIES = [
  BIRTH_PROPERTIES.unit,
  BIRTH_PROPERTIES.zone,
  BIRTH_PROPERTIES.link,
  BIRTH_PROPERTIES.class,
];
const LONGEST_NAME = 256;
const LONGEST_PROPERTY = 256;
const LONGEST_TEXT = 4_096;

/** A value that was refused before it had a row. */
export function refusedMetric(
  metric: Metric,
  { device, name, properties }: MetricDefinition,
  { timeMs, sentMs, identity }: { timeMs: number; sentMs: number; identity: string | undefined },
): LetterContent {
  const { value } = metric;
  const isText = typeof value === 'string';
  const kept = READ_PROPERTIES.flatMap((key) => {
    const property = properties[key];
    return typeof property === 'string' ? [[key, property.slice(0, LONGEST_PROPERTY)] as const] : [];
  });
  const reading = {
    ...{ device, timeMs, sentMs, identity },
    name: name.slice(0, LONGEST_NAME),
    properties: Object.fromEntries(kept),
    value: isText ? value.slice(0, LONGEST_TEXT) : plainValue(value),
    status: statusOf(metric.properties),
    isHistorical: metric.isHistorical ?? false,
    isCut: name.length > LONGEST_NAME || (isText && value.length > LONGEST_TEXT),
  };
  return { reading };
}

/** A row that the store refused; its value is in the canonical unit by then. */
export function refusedRow(
  rows: ReadingBatch,
  row: number,
  { receivedMs, identity }: { receivedMs: number; identity: string | undefined },
): LetterContent {
  const { measurement, field, point, unit, device, zone, link, ...rest } = rows.table.get(
    rows.seriesId[row]!,
  );
  const name = measurement === FOREIGN_MEASUREMENT ? field : formatMetricName({ measurement, field, point });
  const properties = Object.entries({ engUnit: unit, zone, link, class: rest.class });
  const value = rows.valueAt(row);
  const reading = {
    ...{ device, name, identity, isHistorical: false, isCut: false },
    properties: Object.fromEntries(properties.filter(([, text]) => text !== '')),
    value: typeof value === 'string' ? value : plainValue(value),
    timeMs: rows.timeMs[row]!,
    sentMs: receivedMs,
    status: rows.status[row]!,
  };
  return { reading };
}

/** By the number of the reading in the ledger of its gateway; `position` is its place in the message. */
export function letterIdentity({ ledger, first }: LedgerMark, position: number): string {
  return `${ledger}:${first + position}`;
}

/** JSON has neither 64-bit integers nor infinities. */
function plainValue(value: Exclude<MetricValue, string>): number | boolean | null {
  if (typeof value === 'boolean') return value;
  const number = value === null || value === undefined ? Number.NaN : Number(value);
  return Number.isFinite(number) ? number : null;
}

/** An event is no reading: under that name it would become one. */
export function isReplayable({ device, name, value, isCut }: RefusedReading): boolean {
  return value !== null && !isCut && !(device === '' && name === EVENT_METRIC);
}

/** As its gateway sent it, to be judged again. Historical: nobody is to be woken by it. */
export function metricOf(
  { device, name, properties, value, timeMs, status }: RefusedReading,
  { site, gateway }: Sender,
  shiftMs: number,
): { readonly metric: Metric; readonly definition: MetricDefinition } {
  const said = statusProperties(status);
  const metric = {
    value,
    timeMs: timeMs + shiftMs,
    isHistorical: true,
    ...(said ? { properties: said } : {}),
  };
  return { metric, definition: { site, gateway, device, name, dataType: undefined, properties } };
}
