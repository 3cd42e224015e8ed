import { SluiceError } from '../core/errors.ts';
import { packStatus } from '../core/reading.ts';
import { BIRTH_PROPERTIES, formatMetricName } from '../core/sparkplug/metric-name.ts';
import {
  DATA_TYPES,
  type DataType,
  type Metric,
  type Payload,
  type PropertyValue,
} from '../core/sparkplug/payload.ts';
import { statusProperties } from '../core/sparkplug/status.ts';
import { type DeviceSpec, GATEWAY_ITSELF, type MetricSpec, type Sample } from './driver.ts';
import type { OutboxEntry } from './outbox.ts';

export const REBIRTH = 'Node Control/Rebirth';
export const BD_SEQ = 'bdSeq';

interface Row {
  readonly spec: MetricSpec;
  readonly name: string;
  readonly alias: number;
  last: { readonly sample: Sample; readonly timeMs: number } | undefined;
}

/** Every metric that the gateway will ever send, with its alias and its last value; and the payloads made of them. */
export class MetricTable {
  readonly #ofDevice = new Map<string, Row[]>();
  readonly #bySpec = new Map<MetricSpec, Row>();

  /** Several drivers may report about the gateway itself; every other device stands once. */
  constructor(devices: readonly DeviceSpec[]) {
    for (const { id, metrics } of devices) {
      const rows = metrics.map((spec): Row => {
        const { measurement, field } = spec.quantity;
        const name = formatMetricName({ measurement, field, point: spec.point });
        const row: Row = { spec, name, alias: this.#bySpec.size + 1, last: undefined };
        this.#bySpec.set(spec, row);
        return row;
      });
      this.#ofDevice.set(id, [...(this.#ofDevice.get(id) ?? []), ...rows]);
    }
  }

  /**
   * Remembers values for the births to come. Throws `METRIC_TYPE_UNSUPPORTED`, and remembers none, where a value does
   * not fit the type that its driver declared.
   */
  record(samples: readonly Sample[], timeMs: number): void {
    for (const { metric, value } of samples) {
      if (fits(metric.dataType, value)) continue;
      const { name } = this.#bySpec.get(metric)!;
      throw new SluiceError('METRIC_TYPE_UNSUPPORTED', { metric: name, type: `${typeof value} ${value}` });
    }
    for (const sample of samples) this.#bySpec.get(sample.metric)!.last = { sample, timeMs };
  }

  nodeBirth(seq: number, bdSeq: number, timeMs: number): Payload {
    const control: Metric = { name: REBIRTH, timeMs, dataType: DATA_TYPES.Boolean, value: false };
    return {
      timeMs,
      seq,
      metrics: [bdSeqMetric(bdSeq, timeMs), control, ...this.#birthMetrics(GATEWAY_ITSELF, timeMs)],
    };
  }

  deviceBirth(device: string, seq: number, timeMs: number): Payload {
    return { timeMs, seq, metrics: this.#birthMetrics(device, timeMs) };
  }

  data({ message, isHistorical }: OutboxEntry, seq: number, timeMs: number): Payload {
    const metrics = message.samples.map((sample): Metric => {
      const { alias, spec } = this.#bySpec.get(sample.metric)!;
      const { dataType } = spec;
      const status = statusProperties(packStatus(sample.quality, 'synced'));
      return {
        alias,
        timeMs: message.timeMs,
        dataType,
        value: sample.value,
        ...(isHistorical ? { isHistorical } : {}),
        ...(status ? { properties: status } : {}),
      };
    });
    return { timeMs, seq, metrics };
  }

  #birthMetrics(device: string, timeMs: number): Metric[] {
    return (this.#ofDevice.get(device) ?? []).map(({ spec, name, alias, last }) => ({
      name,
      alias,
      timeMs: last?.timeMs ?? timeMs,
      dataType: spec.dataType,
      value: last?.sample.value ?? null,
      properties: {
        ...birthProperties(spec),
        ...statusProperties(packStatus(last?.sample.quality ?? 'good', 'synced')),
      },
    }));
  }
}

function fits(dataType: DataType, value: Sample['value']): boolean {
  if (value === null) return true;
  if (dataType === DATA_TYPES.Boolean) return typeof value === 'boolean';
  if (dataType === DATA_TYPES.String) return typeof value === 'string';
  if (dataType === DATA_TYPES.Int32) return typeof value === 'number' && Object.is(value | 0, value);
  return typeof value === 'number' && Number.isFinite(value);
}

/** NDEATH holds bdSeq and nothing else, no seq (tck-id-payloads-ndeath-seq, tck-id-payloads-ndeath-bdseq). */
export function nodeDeath(bdSeq: number, timeMs: number): Payload {
  return { timeMs, metrics: [bdSeqMetric(bdSeq, timeMs)] };
}

export function deviceDeath(seq: number, timeMs: number): Payload {
  return { timeMs, seq, metrics: [] };
}

function bdSeqMetric(bdSeq: number, timeMs: number): Metric {
  return { name: BD_SEQ, timeMs, dataType: DATA_TYPES.Int64, value: bdSeq };
}

function birthProperties({
  quantity,
  zone,
  link,
  class: linkClass,
}: MetricSpec): Record<string, PropertyValue> {
  const set: [string, string][] = [
    [BIRTH_PROPERTIES.unit, quantity.unit],
    [BIRTH_PROPERTIES.zone, zone],
    [BIRTH_PROPERTIES.link, link],
    [BIRTH_PROPERTIES.class, linkClass],
  ];
  return Object.fromEntries(set.filter(([, value]) => value !== ''));
}
