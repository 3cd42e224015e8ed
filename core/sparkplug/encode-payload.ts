import { SluiceError } from '../errors.ts';
import { DATA_TYPES, type Metric, type Payload, type PropertyValue } from './payload.ts';
import { WireWriter } from './wire-writer.ts';

export interface EncodeOptions {
  /**
   * Leaves datatypes off the wire, as data messages do: the birth has told them. A metric that goes by its name keeps
   * its type: it may be one that the birth did not have.
   */
  readonly omitTypes?: boolean;
}

/** Which field carries a value of each datatype, by its number (specification 6.4.16). */
type Carrier = 'int' | 'long' | 'float' | 'double' | 'boolean' | 'string';
const CARRIERS: readonly (Carrier | undefined)[] = [
  undefined, // Unknown
  'int', // Int8
  'int', // Int16
  'int', // Int32
  'long', // Int64
  'int', // UInt8
  'int', // UInt16
  'int', // UInt32
  'long', // UInt64
  'float',
  'double',
  'boolean',
  'string',
  'long', // DateTime
  'string', // Text
  'string', // UUID
];

/**
 * One Sparkplug B payload as protobuf. A metric's `dataType` chooses the field that its value travels in, so it is
 * needed even where `omitTypes` keeps it off the wire. Signed integers travel as two's complement in unsigned fields.
 * Throws `METRIC_TYPE_UNSUPPORTED` for a value that its type cannot carry.
 *
 *     Payload  08 timestamp · 12 length metric … · 18 seq · 2a length body
 *     Metric   0a name · 10 alias · 18 timestamp · 20 datatype · 28 is_historical · 38 is_null · 4a properties
 *              50 int · 58 long · 65 float · 69 double · 70 boolean · 7a string
 */
export function encodePayload(payload: Payload, options: EncodeOptions = {}): Uint8Array {
  const writer = new WireWriter();
  if (payload.timeMs !== undefined) {
    writer.tag(0x08);
    writer.int64(payload.timeMs);
  }
  for (const metric of payload.metrics) {
    writer.tag(0x12);
    const start = writer.beginNested();
    writeMetric(writer, metric, options.omitTypes ?? false);
    writer.endNested(start);
  }
  if (payload.seq !== undefined) {
    writer.tag(0x18);
    writer.uint32(payload.seq);
  }
  if (payload.body !== undefined) {
    writer.tag(0x2a);
    writer.bytes(payload.body);
  }
  return writer.finish();
}

function writeMetric(writer: WireWriter, metric: Metric, omitType: boolean): void {
  if (metric.name !== undefined) {
    writer.tag(0x0a);
    writer.string(metric.name);
  }
  if (metric.alias !== undefined) {
    writer.tag(0x10);
    writer.int64(metric.alias);
  }
  if (metric.timeMs !== undefined) {
    writer.tag(0x18);
    writer.int64(metric.timeMs);
  }
  if (metric.dataType !== undefined && !(omitType && metric.name === undefined)) {
    writer.tag(0x20);
    writer.uint32(metric.dataType);
  }
  if (metric.isHistorical) {
    writer.tag(0x28);
    writer.boolean(true);
  }
  if (metric.properties) writeProperties(writer, metric.properties);
  writeValue(writer, metric);
}

function writeValue(writer: WireWriter, metric: Metric): void {
  const { value } = metric;
  const carrier = metric.dataType === undefined ? undefined : CARRIERS[metric.dataType];
  if (value === null) {
    writer.tag(0x38);
    writer.boolean(true);
  } else if (typeof value === 'number' || typeof value === 'bigint') {
    if (!writeNumber(writer, carrier, value)) throw unsupported(metric);
  } else if (typeof value === 'boolean' && carrier === 'boolean') {
    writer.tag(0x70);
    writer.boolean(value);
  } else if (typeof value === 'string' && carrier === 'string') {
    writer.tag(0x7a);
    writer.string(value);
  } else {
    throw unsupported(metric);
  }
}

/** False where the type does not take numbers. */
function writeNumber(writer: WireWriter, carrier: Carrier | undefined, value: number | bigint): boolean {
  if (carrier === 'double') {
    writer.tag(0x69);
    writer.double(Number(value));
  } else if (carrier === 'float') {
    writer.tag(0x65);
    writer.float(Number(value));
  } else if (carrier === 'int') {
    writer.tag(0x50);
    writer.uint32(Number(value));
  } else if (carrier === 'long') {
    writer.tag(0x58);
    writer.int64(value);
  } else {
    return false;
  }
  return true;
}

function unsupported(metric: Metric): SluiceError {
  return new SluiceError('METRIC_TYPE_UNSUPPORTED', {
    metric: metric.name ?? `alias ${metric.alias}`,
    type: `${metric.dataType ?? 'none'} (for ${typeof metric.value})`,
  });
}

/** PropertySet: 0a key … · 12 length value …; both lists run in parallel. */
function writeProperties(writer: WireWriter, properties: Readonly<Record<string, PropertyValue>>): void {
  writer.tag(0x4a);
  const start = writer.beginNested();
  for (const key of Object.keys(properties)) {
    writer.tag(0x0a);
    writer.string(key);
  }
  for (const value of Object.values(properties)) {
    writer.tag(0x12);
    const valueStart = writer.beginNested();
    writeProperty(writer, value);
    writer.endNested(valueStart);
  }
  writer.endNested(start);
}

/**
 * PropertyValue: 08 type · 10 is_null · 18 int · 20 long · 31 double · 38 boolean · 42 string. Whole numbers go as
 * Int32 where they fit, which `Quality` must (tck-id-payloads-propertyset-quality-value-type).
 */
function writeProperty(writer: WireWriter, value: PropertyValue): void {
  const type = propertyType(value);
  writer.tag(0x08);
  writer.uint32(type);
  if (value === null) {
    writer.tag(0x10);
    writer.boolean(true);
  } else if (typeof value === 'string') {
    writer.tag(0x42);
    writer.string(value);
  } else if (typeof value === 'boolean') {
    writer.tag(0x38);
    writer.boolean(value);
  } else if (type === DATA_TYPES.Int32) {
    writer.tag(0x18);
    writer.uint32(Number(value));
  } else if (type === DATA_TYPES.Double) {
    writer.tag(0x31);
    writer.double(Number(value));
  } else {
    writer.tag(0x20);
    writer.int64(value);
  }
}

function propertyType(value: PropertyValue): number {
  if (typeof value === 'boolean') return DATA_TYPES.Boolean;
  if (typeof value === 'bigint') return value < 2n ** 63n ? DATA_TYPES.Int64 : DATA_TYPES.UInt64;
  if (typeof value !== 'number') return DATA_TYPES.String;
  // Negative zero is a Double, or its sign would be lost.
  return Object.is(value | 0, value) ? DATA_TYPES.Int32 : DATA_TYPES.Double;
}
