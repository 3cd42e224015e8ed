import { SluiceError } from '../../core/errors.ts';
import { EVENT_METRIC } from '../../core/gateway-event.ts';
import { birthsFingerprint, encodeBirthMark, encodeMark, LEDGER_METRICS } from '../../core/ledger.ts';
import { PLAN_VERSION_METRIC } from '../../core/links/link-plan.ts';
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
  /** What was in the table before it was replaced: a value of it still goes out, by name. */
  readonly #retired = new WeakSet<MetricSpec>();
  #nextAlias = 1;
  /** All births and all data go by it; it is another one once the table is replaced. */
  #births = '';

  /** Several drivers may report about the gateway itself; every other device stands once. */
  constructor(devices: readonly DeviceSpec[]) {
    this.replace(devices);
  }

  /**
   * Other devices from now on. What stays as it was keeps its alias and its last value, and no alias is given a second time. All births
   * have to go out again before anything else.
   */
  replace(devices: readonly DeviceSpec[]): void {
    const before = new Map(this.#byName);
    for (const spec of this.#bySpec.keys()) this.#retired.add(spec);
    for (const map of [this.#ofDevice, this.#bySpec, this.#byName, this.#byAlias]) map.clear();
    for (const { id, metrics } of devices) {
      const rows = metrics.map((spec) => this.#row(id, spec, before));
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

  #row(device: string, spec: MetricSpec, before: ReadonlyMap<string, Row>): Row {
    const metric = metricOf(spec);
    const identity = identityOf(metric);
    const key = `${device}/${metric.name}`;
    const known = before.get(key);
    const row: Row =
      known?.identity === identity
        ? { ...known, spec }
        : { spec, metric, identity, alias: this.#nextAlias++, last: undefined };
    this.#bySpec.set(spec, row);
    this.#byName.set(key, row);
    this.#byAlias.set(row.alias, { device, row });
    return row;
  }

  has(device: string): boolean {
    return device === GATEWAY_ITSELF || this.#ofDevice.has(device);
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
      const { name } = metricOf(metric);
      throw new SluiceError('METRIC_TYPE_UNSUPPORTED', { metric: name, type: `${typeof value} ${value}` });
    }
    return samples.map((sample) => {
      const { metric: spec, value, quality } = sample;
      if (this.#retired.has(spec) && !this.#bySpec.has(spec))
        return { metric: metricOf(spec), value, quality };
      const row = this.#bySpec.get(spec)!;
      row.last = { sample, stamp };
      return { metric: row.metric, value, quality };
    });
  }

  /** `planVersion` of a gateway that takes plans of links. */
  nodeBirth(
    seq: number,
    bdSeq: number,
    ledger: LedgerState,
    timeMs: number,
    planVersion?: string | undefined,
  ): Payload {
    const control: Metric = { name: REBIRTH, timeMs, dataType: DATA_TYPES.Boolean, value: false };
    return {
      timeMs,
      seq,
      metrics: [
        bdSeqMetric(bdSeq, timeMs),
        control,
        ...ledgerMetrics(ledger, timeMs),
        ...planMetrics(planVersion, timeMs),
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

function metricOf(spec: MetricSpec): OutboxMetric {
  const { measurement, field } = spec.quantity;
  const name = formatMetricName({ measurement, field, point: spec.point });
  return { name, dataType: spec.dataType, properties: birthProperties(spec) };
}

function planMetrics(version: string | undefined, timeMs: number): Metric[] {
  if (version === undefined) return [];
  return [{ name: PLAN_VERSION_METRIC, timeMs, dataType: DATA_TYPES.String, value: version }];
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
