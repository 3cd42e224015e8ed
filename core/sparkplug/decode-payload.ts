import { DATA_TYPES, type Metric, type MetricValue, type Payload, type PropertyValue } from './payload.ts';
import { WireReader } from './wire-reader.ts';

type Mutable<T> = { -readonly [K in keyof T]: T[K] };

/** What the birth said about a metric that comes without a datatype. */
export type TypeOf = (metric: Pick<Metric, 'name' | 'alias'>) => number | undefined;

/**
 * Decodes one Sparkplug B payload from anybody. Unknown fields, and known ones with a wrong wire type, are passed
 * over; data sets, templates, arrays and bytes are not looked into, and their value is `undefined`. A metric without
 * a datatype takes the one that `typeOf` gives, which decides whether an integer is signed. A metric with neither
 * value nor is_null is null. Throws `PAYLOAD_INVALID` and nothing else. Bytes as drawn in `encode-payload.ts`.
 */
export function decodePayload(bytes: Uint8Array, typeOf?: TypeOf): Payload {
  const reader = new WireReader(bytes);
  const end = reader.length;
  const metrics: Metric[] = [];
  const payload: Mutable<Payload> = { metrics };
  while (reader.position < end) {
    const tag = reader.varint(end);
    switch (tag) {
      case 0x08:
        payload.timeMs = reader.uint64(end);
        break;
      case 0x12:
        metrics.push(readMetric(reader, reader.nested(end), typeOf));
        break;
      case 0x18:
        payload.seq = reader.uint64(end);
        break;
      case 0x2a:
        payload.body = reader.bytes(end);
        break;
      default:
        reader.skip(tag, end);
    }
  }
  return payload;
}

function readMetric(reader: WireReader, end: number, typeOf: TypeOf | undefined): Metric {
  const metric: Mutable<Metric> = { value: null };
  let isNull = false;
  // An integer waits for the datatype, which may follow it: 0 none, 1 in 32 bits, 2 in 64 bits.
  let integer: 0 | 1 | 2 = 0;
  let low = 0;
  let high = 0;
  while (reader.position < end) {
    const tag = reader.varint(end);
    switch (tag) {
      case 0x0a:
        metric.name = reader.string(end);
        break;
      case 0x10:
        metric.alias = readAlias(reader, end);
        break;
      case 0x18:
        metric.timeMs = reader.uint64(end);
        break;
      case 0x20:
        metric.dataType = reader.varint(end);
        break;
      case 0x28:
        metric.isHistorical = reader.varint(end) !== 0;
        break;
      case 0x38:
        isNull = reader.varint(end) !== 0;
        break;
      case 0x4a:
        metric.properties = readProperties(reader, reader.nested(end));
        break;
      case 0x50:
      case 0x58:
        integer = tag === 0x50 ? 1 : 2;
        low = reader.varint(end);
        high = reader.high;
        break;
      case 0x65:
        metric.value = reader.float(end);
        integer = 0;
        break;
      case 0x69:
        metric.value = reader.double(end);
        integer = 0;
        break;
      case 0x70:
        metric.value = reader.varint(end) !== 0;
        integer = 0;
        break;
      case 0x7a:
        metric.value = reader.string(end);
        integer = 0;
        break;
      case 0x82: // bytes_value = 16
      case 0x8a: // dataset_value = 17
      case 0x92: // template_value = 18
      case 0x9a: // extension_value = 19
        reader.skip(tag, end);
        metric.value = undefined;
        integer = 0;
        break;
      default:
        reader.skip(tag, end);
    }
  }
  if (metric.dataType === undefined && typeOf) {
    const dataType = typeOf(metric);
    if (dataType !== undefined) metric.dataType = dataType;
  }
  if (isNull) metric.value = null;
  else if (integer !== 0) metric.value = integerOf(metric.dataType, integer === 1, low, high);
  return metric;
}

/** An alias that a number cannot hold exactly could be taken for its neighbour, so it is refused. */
function readAlias(reader: WireReader, end: number): number {
  const alias = reader.uint64(end);
  if (alias > Number.MAX_SAFE_INTEGER) throw reader.invalid('an alias is above 2^53 − 1');
  return alias;
}

/**
 * Two's complement of the type's width. Peers put small types into the long field and sign-extend or not, so only as
 * many bits as the type has are looked at. Without a known type the number is taken as unsigned.
 */
function integerOf(dataType: number | undefined, isShort: boolean, low: number, high: number): MetricValue {
  switch (dataType) {
    case DATA_TYPES.Int8:
      return (low << 24) >> 24;
    case DATA_TYPES.Int16:
      return (low << 16) >> 16;
    case DATA_TYPES.Int32:
      return low | 0;
    case DATA_TYPES.Int64:
      return isShort ? low | 0 : joined(low, high | 0);
    case DATA_TYPES.Boolean:
      return low !== 0 || high !== 0;
    default:
      return isShort ? low : joined(low, high);
  }
}

function joined(low: number, high: number): number | bigint {
  const value = high * 0x1_0000_0000 + low;
  return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low);
}

/** Keys and values are two lists that run in parallel; what has no partner is left out. */
function readProperties(reader: WireReader, end: number): Record<string, PropertyValue> {
  const keys: string[] = [];
  const values: (PropertyValue | undefined)[] = [];
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag === 0x0a) keys.push(reader.string(end));
    else if (tag === 0x12) values.push(readProperty(reader, reader.nested(end)));
    else reader.skip(tag, end);
  }
  // Without a prototype, a key like "__proto__" is only a key.
  const properties: Record<string, PropertyValue> = Object.create(null);
  for (const [index, key] of keys.entries()) {
    const value = values[index];
    if (value !== undefined) properties[key] = value;
  }
  return properties;
}

/** `undefined` for nested property sets, which Sluice has no use for. */
function readProperty(reader: WireReader, end: number): PropertyValue | undefined {
  let value: PropertyValue | undefined;
  let dataType: number | undefined;
  let isNull = false;
  let integer: 0 | 1 | 2 = 0;
  let low = 0;
  let high = 0;
  while (reader.position < end) {
    const tag = reader.varint(end);
    if (tag === 0x08) dataType = reader.varint(end);
    else if (tag === 0x10) isNull = reader.varint(end) !== 0;
    else if (tag === 0x18 || tag === 0x20) {
      integer = tag === 0x18 ? 1 : 2;
      low = reader.varint(end);
      high = reader.high;
    } else if (tag === 0x2d) value = reader.float(end);
    else if (tag === 0x31) value = reader.double(end);
    else if (tag === 0x38) value = reader.varint(end) !== 0;
    else if (tag === 0x42) value = reader.string(end);
    else reader.skip(tag, end);
  }
  if (isNull) return null;
  return integer === 0 ? value : (integerOf(dataType, integer === 1, low, high) as PropertyValue);
}
