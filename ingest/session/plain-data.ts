import { EVENT_METRIC } from '../../core/gateway-event.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import { DATA_TYPES, type Metric, type Payload } from '../../core/sparkplug/payload.ts';
import type { Receipt } from '../pipeline/receipt.ts';
import type { IncomingReadings, NumberedMessage } from './host-effect.ts';
import type { MetricDefinition, MetricTable } from './host-state.ts';
import { isProtocolMetric } from './protocol-metric.ts';

/** A larger alias goes the general way: it would make the list of places long. */
const MOST_PLACES = 65_536;
/** Numbers below it are exact while they are put together, and no time, alias or seq that means anything is above. */
const LONGEST_VARINT_BYTES = 7;

const NUMBER_TYPES: ReadonlySet<number> = new Set([DATA_TYPES.Float, DATA_TYPES.Double]);

/** What an alias stands for, where plain data may use it. */
export interface PlainPlace {
  readonly definition: MetricDefinition;
  /** Whoever takes its readings keeps here what it has worked out for them; only for itself. */
  owner: unknown;
  opened: unknown;
}

/**
 * A data message as nearly all are: every metric a Float or Double under an alias that its births gave to one metric, with a time
 * or without, and nothing else. Read straight into columns it costs a third. Whoever needs more of it asks for `metrics`,
 * which is what the general decoder makes of the same bytes.
 */
export class PlainData implements Payload {
  timeMs?: number;
  seq?: number;
  body?: Uint8Array;
  /** Of all its metrics: where they differ it is not plain. */
  isHistorical = false;
  readonly places: PlainPlace[] = [];
  /** UTC; NaN for a metric without a time of its own. */
  readonly timesMs: number[] = [];
  readonly values: number[] = [];
  readonly #bytes: Uint8Array;
  #metrics: readonly Metric[] | undefined;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get metrics(): readonly Metric[] {
    // Of Floats and Doubles the datatype changes nothing but what is said of it.
    let next = 0;
    this.#metrics ??= decodePayload(this.#bytes, () => this.places[next++]?.definition.dataType).metrics;
    return this.#metrics;
  }
}

/** `IncomingReadings` whose metrics are only made where somebody looks at them. */
export class PlainReadings implements IncomingReadings {
  readonly kind = 'readings';
  readonly isBirth = false;
  readonly site: string;
  readonly gateway: string;
  readonly defaultTimeMs: number;
  readonly plain: PlainData;
  readonly numbered?: NumberedMessage;
  receipt?: Receipt;

  constructor(
    { site, gateway }: { readonly site: string; readonly gateway: string },
    plain: PlainData,
    defaultTimeMs: number,
    numbered: NumberedMessage | undefined,
  ) {
    this.site = site;
    this.gateway = gateway;
    this.plain = plain;
    this.defaultTimeMs = defaultTimeMs;
    if (numbered) this.numbered = numbered;
  }

  get metrics(): readonly Metric[] {
    return this.plain.metrics;
  }

  get definitions(): readonly MetricDefinition[] {
    return this.plain.places.map(({ definition }) => definition);
  }
}

/** `undefined` for anything but plain data, whatever the bytes are: the general decoder says what they are then. */
export function readPlainData(bytes: Uint8Array, table: MetricTable): PlainData | undefined {
  return new PlainReader(bytes, table).read();
}

/** Reads nothing past the end of the bytes: what lies there is `undefined`, which no comparison takes for a number. */
class PlainReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #table: MetricTable;
  #at = 0;

  constructor(bytes: Uint8Array, table: MetricTable) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#table = table;
  }

  read(): PlainData | undefined {
    const bytes = this.#bytes;
    const data = new PlainData(bytes);
    const end = bytes.length;
    while (this.#at < end) {
      const tag = bytes[this.#at++]!;
      const number = this.#varint(end);
      if (number < 0) return undefined;
      if (tag === 0x12) {
        if (number > end - this.#at || !this.#readMetric(data, this.#at + number)) return undefined;
      } else if (tag === 0x08) data.timeMs = number;
      else if (tag === 0x18) data.seq = number;
      else if (tag === 0x2a && number <= end - this.#at) {
        data.body = bytes.subarray(this.#at, this.#at + number);
        this.#at += number;
      } else return undefined;
    }
    return data.values.length > 0 ? data : undefined;
  }

  /** Alias, time and value, each at most once and in any order, and is_historical. */
  #readMetric(data: PlainData, end: number): boolean {
    let place: PlainPlace | undefined;
    let timeMs = Number.NaN;
    let value = 0;
    let hasValue = false;
    let historical = 0;
    while (this.#at < end) {
      const tag = this.#bytes[this.#at++];
      if (tag === 0x69 || tag === 0x65) {
        const size = tag === 0x69 ? 8 : 4;
        if (hasValue || size > end - this.#at) return false;
        value = size === 8 ? this.#view.getFloat64(this.#at, true) : this.#view.getFloat32(this.#at, true);
        hasValue = true;
        this.#at += size;
        continue;
      }
      const number = this.#varint(end);
      if (number < 0) return false;
      if (tag === 0x10 && !place) place = placeOf(this.#table, number);
      else if (tag === 0x18 && Number.isNaN(timeMs)) timeMs = number;
      else if (tag === 0x28 && number <= 1) historical = number;
      else return false;
      if (tag === 0x10 && !place) return false;
    }
    if (!place || !hasValue) return false;
    if (data.places.length === 0) data.isHistorical = historical === 1;
    else if (data.isHistorical !== (historical === 1)) return false;
    data.places.push(place);
    data.timesMs.push(timeMs);
    data.values.push(value);
    return true;
  }

  /** −1 where it does not end before `end`, or is longer than plain data needs. */
  #varint(end: number): number {
    let value = 0;
    let unit = 1;
    for (let length = 0; length < LONGEST_VARINT_BYTES && this.#at < end; length++) {
      const byte = this.#bytes[this.#at++]!;
      if (byte < 0x80) return value + byte * unit;
      value += (byte - 0x80) * unit;
      unit *= 128;
    }
    return -1;
  }
}

function placeOf(table: MetricTable, alias: number): PlainPlace | undefined {
  if (alias >= MOST_PLACES) return undefined;
  return table.places[alias] ?? addPlace(table, alias);
}

function addPlace(table: MetricTable, alias: number): PlainPlace | undefined {
  const definition = table.byAlias.get(alias);
  if (!definition || definition === 'ambiguous' || !NUMBER_TYPES.has(definition.dataType ?? 0))
    return undefined;
  const { name } = definition;
  if (name === EVENT_METRIC || isProtocolMetric(name)) return undefined;
  const place = { definition, owner: undefined, opened: undefined };
  table.places[alias] = place;
  return place;
}
