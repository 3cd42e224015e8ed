import { SluiceError } from '../../core/errors.ts';
import { EVENT_METRIC } from '../../core/gateway-event.ts';
import { birthsFingerprint, encodeBirthMark, encodeMark, LEDGER_METRICS } from '../../core/ledger.ts';
import { packStatus } from '../../core/reading.ts';
import { BIRTH_PROPERTIES, formatMetricName } from '../../core/sparkplug/metric-name.ts';
import {
  DATA_TYPES,
  type DataType,
  type Metric,
  type Payload,
  type PropertyValue,
} from '../../core/sparkplug/payload.ts';
import { statusProperties } from '../../core/sparkplug/status.ts';
import { type DeviceSpec, GATEWAY_ITSELF, type MetricSpec, type Sample } from '../driver.ts';
import type { LedgerState, OutboxEntry, OutboxMetric, OutboxSample, Stamp } from '../outbox/outbox.ts';

export const REBIRTH = 'Node Control/Rebirth';
export const BD_SEQ = 'bdSeq';

interface Row {
  readonly spec: MetricSpec;
  readonly metric: OutboxMetric;
  /** `metric` as text: what was kept under an older configuration is compared with it. */
  readonly identity: string;
  readonly alias: number;
  last: { readonly sample: Sample; readonly stamp: Stamp } | undefined;
}

/** Events go by this name, without an alias. */
export const EVENT: OutboxMetric = { name: EVENT_METRIC, dataType: DATA_TYPES.String, properties: {} };

/** Every metric that the gateway will ever send, with its alias and its last value; and the payloads made of them. */
export class MetricTable {
  readonly #ofDevice = new Map<string, Row[]>();
  readonly #bySpec = new Map<MetricSpec, Row>();
  readonly #byName = new Map<string, Row>();
  readonly #byAlias = new Map<number, { readonly device: string; readonly row: Row }>();
  /** The table is the same as long as this process runs, so all births and all data go by it. */
  readonly #births: string;

  /** Several drivers may report about the gateway itself; every other device stands once. */
  constructor(devices: readonly DeviceSpec[]) {
    for (const { id, metrics } of devices) {
      const rows = metrics.map((spec) => this.#row(id, spec));
      this.#ofDevice.set(id, [...(this.#ofDevice.get(id) ?? []), ...rows]);
    }
    const rows = Array.from(this.#byAlias, ([alias, { device, row }]) => [
      alias,
      device,
      row.identity,
      row.spec.write !== undefined,
    ]);
    this.#births = birthsFingerprint(JSON.stringify(rows));
  }

  #row(device: string, spec: MetricSpec): Row {
    const { measurement, field } = spec.quantity;
    const name = formatMetricName({ measurement, field, point: spec.point });
    const metric = { name, dataType: spec.dataType, properties: birthProperties(spec) };
    const identity = identityOf(metric);
    const row: Row = { spec, metric, identity, alias: this.#bySpec.size + 1, last: undefined };
    this.#bySpec.set(spec, row);
    this.#byName.set(`${device}/${name}`, row);
    this.#byAlias.set(row.alias, { device, row });
    return row;
  }

  /** Where something can be commanded; what belongs to the gateway itself comes with NCMD. */
  get writableDevices(): string[] {
    const writable = [...this.#ofDevice].filter(([, rows]) => rows.some(({ spec }) => spec.write));
    return writable.map(([id]) => id).filter((id) => id !== GATEWAY_ITSELF);
  }

  /** Of a command to `device`, by name or by the alias of the birth. */
  find(device: string, { name, alias }: Pick<Metric, 'name' | 'alias'>): OutboxMetric | undefined {
    if (name !== undefined) return this.#byName.get(`${device}/${name}`)?.metric;
    const found = this.#byAlias.get(alias ?? -1);
    return found?.device === device ? found.row.metric : undefined;
  }

  /**
   * Remembers values for the births to come. Throws `METRIC_TYPE_UNSUPPORTED`, and remembers none, where a value does
   * not fit the type that its driver declared. Returns them as the outbox keeps them.
   */
  record(samples: readonly Sample[], stamp: Stamp): OutboxSample[] {
    for (const { metric, value } of samples) {
      if (fits(metric.dataType, value)) continue;
      const { name } = this.#bySpec.get(metric)!.metric;
      throw new SluiceError('METRIC_TYPE_UNSUPPORTED', { metric: name, type: `${typeof value} ${value}` });
    }
    return samples.map((sample) => {
      const row = this.#bySpec.get(sample.metric)!;
      row.last = { sample, stamp };
      return { metric: row.metric, value: sample.value, quality: sample.quality };
    });
  }

  nodeBirth(seq: number, bdSeq: number, ledger: LedgerState, timeMs: number): Payload {
    const control: Metric = { name: REBIRTH, timeMs, dataType: DATA_TYPES.Boolean, value: false };
    return {
      timeMs,
      seq,
      metrics: [
        bdSeqMetric(bdSeq, timeMs),
        control,
        ...ledgerMetrics(ledger, timeMs),
        { name: EVENT.name, timeMs, dataType: EVENT.dataType, value: null },
        ...this.#birthMetrics(GATEWAY_ITSELF, timeMs),
      ],
      body: encodeBirthMark(this.#births),
    };
  }

  deviceBirth(device: string, seq: number, timeMs: number): Payload {
    const body = encodeBirthMark(this.#births);
    return { timeMs, seq, metrics: this.#birthMetrics(device, timeMs), body };
  }

  /**
   * Metrics of the birth go by alias. What was kept under another configuration goes by name with type and properties,
   * as a birth of its own.
   */
  data(entry: OutboxEntry, seq: number, timeMs: number): Payload {
    const { ledger } = entry;
    if (entry.kind === 'dropped') {
      const { first, last, fromMs, toMs } = entry.range;
      const body = encodeMark({ kind: 'dropped', ledger, first, count: last - first + 1, fromMs, toMs });
      return { timeMs, seq, metrics: [], body };
    }
    const { device, first, stamp, samples } = entry.message;
    const body = encodeMark({
      ...{ kind: 'readings', ledger, first, count: samples.length },
      births: this.#births,
    });
    const metrics = samples.map(({ metric, value, quality }): Metric => {
      const { name, dataType, properties } = metric;
      const row = this.#byName.get(`${device}/${name}`);
      const isOfBirth = row && (row.metric === metric || row.identity === identityOf(metric));
      const status = statusProperties(packStatus(quality, stamp.clock));
      const all = isOfBirth ? status : { ...properties, ...status };
      return {
        ...(isOfBirth ? { alias: row.alias } : { name }),
        timeMs: stamp.timeMs,
        dataType,
        value,
        ...(entry.isHistorical ? { isHistorical: true } : {}),
        ...(all && Object.keys(all).length > 0 ? { properties: all } : {}),
      };
    });
    return { timeMs, seq, metrics, body };
  }

  #birthMetrics(device: string, timeMs: number): Metric[] {
    return (this.#ofDevice.get(device) ?? []).map(({ spec, metric, alias, last: newest }) => {
      // A host stores what a birth says: a value whose time is still to be put right comes under that time only.
      const last = newest?.stamp.moment ? undefined : newest;
      return {
        name: metric.name,
        alias,
        timeMs: last?.stamp.timeMs ?? timeMs,
        dataType: metric.dataType,
        value: last?.sample.value ?? null,
        properties: {
          ...metric.properties,
          [BIRTH_PROPERTIES.writable]: spec.write !== undefined,
          ...statusProperties(packStatus(last?.sample.quality ?? 'good', last?.stamp.clock ?? 'synced')),
        },
      };
    });
  }
}

/** Of `properties` the order does not matter, as they are always made in the same. */
function identityOf({ name, dataType, properties }: OutboxMetric): string {
  return JSON.stringify([name, dataType, properties]);
}

function ledgerMetrics({ id, first, next }: LedgerState, timeMs: number): Metric[] {
  return [
    { name: LEDGER_METRICS.id, timeMs, dataType: DATA_TYPES.String, value: id },
    { name: LEDGER_METRICS.first, timeMs, dataType: DATA_TYPES.Int64, value: first },
    { name: LEDGER_METRICS.next, timeMs, dataType: DATA_TYPES.Int64, value: next },
  ];
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
