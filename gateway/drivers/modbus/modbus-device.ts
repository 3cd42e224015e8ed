import type { ModbusAnswer, ReadFunction } from '../../../core/modbus/pdu.ts';
import { DATA_TYPES, type DataType } from '../../../core/sparkplug/payload.ts';
import type { DeviceSpec, MetricSpec, Sample } from '../../driver.ts';
import { metricSpec, usedGroups, usedMetrics } from '../../profiles/device-parts.ts';
import { quantityOf } from '../../profiles/profile-parts.ts';
import type { ModbusDeviceConfig } from './config.ts';
import { type DecodeNumber, numberDecoder, registersOf } from './decode-value.ts';
import { planReads, type Read, type Span } from './plan-reads.ts';
import { isBitSource, type ModbusProfile, type ProfileMetric } from './profile.ts';
import { createWritePoint, type WritePoint } from './write-point.ts';

/** A device on a bus, with its profile worked out into requests and decoders. */
export interface ModbusDevice {
  readonly unit: number;
  readonly spec: DeviceSpec;
  readonly readsOfGroup: ReadonlyMap<string, readonly DeviceRead[]>;
  readonly writes: ReadonlyMap<MetricSpec, WritePoint>;
}

/** A request, and how each sample comes out of its answer. */
export type DeviceRead = Read<MetricSpan>;

interface MetricSpan extends Span {
  readonly metric: MetricSpec;
  readonly range: readonly [number, number];
  readonly write: WritePoint | undefined;
  readonly decode: (answer: ModbusAnswer, at: number) => number | boolean;
}

const FUNCTION_OF_TABLE: Record<ProfileMetric['read']['table'], ReadFunction> = {
  coil: 'readCoils',
  discrete: 'readDiscreteInputs',
  holding: 'readHoldingRegisters',
  input: 'readInputRegisters',
};

export function createModbusDevice(config: ModbusDeviceConfig, profile: ModbusProfile): ModbusDevice {
  const used = usedMetrics(config, profile);
  const spans = used.map((one) => createSpan(one, config));
  const groups = usedGroups(used, profile.groups, config.everyMs);
  const readsOfGroup = new Map(
    groups.map(({ id }) => {
      const ofGroup = spans.filter((_, index) => used[index]!.group === id);
      return [id, planReads(ofGroup, profile.maxGap)];
    }),
  );
  const metrics = spans.map(({ metric }) => metric);
  const writes = new Map(spans.flatMap(({ metric, write }) => (write ? [[metric, write] as const] : [])));
  return { unit: config.unit, spec: { id: config.id, metrics, groups }, readsOfGroup, writes };
}

/** The samples that the answer to `read` holds. */
export function samplesOf(read: DeviceRead, answer: ModbusAnswer): Sample[] {
  return read.spans.map(({ metric, range, decode, address }): Sample => {
    const value = decode(answer, address - read.address);
    if (typeof value === 'boolean') return { metric, value, quality: 'good' };
    if (!Number.isFinite(value)) return { metric, value: null, quality: 'bad' };
    return { metric, value, quality: value >= range[0] && value <= range[1] ? 'good' : 'bad' };
  });
}

function createSpan(one: ProfileMetric, config: ModbusDeviceConfig): MetricSpan {
  const { table, address, type = 'u16', bit } = one.read;
  // The profile has been checked: its quantities exist and its units convert.
  const quantity = quantityOf(one)!;
  const isBit = isBitSource(one.read);
  const write = createWritePoint(one, config.id, quantity);
  const metric = metricSpec(one, config, dataTypeOf(one, isBit), write?.spec);
  const range = one.range ?? ([quantity.min, quantity.max] as const);
  const span = { function: FUNCTION_OF_TABLE[table], address, metric, range, write };
  if (bit !== undefined) return { ...span, count: 1, decode: registerBit(bit) };
  if (isBit || type === 'bit') return { ...span, count: 1, decode: bitOf };
  const { order, scale, offset, unit = quantity.unit } = one.read;
  const number = numberDecoder({ type, order, scale, offset, fromUnit: unit, toUnit: quantity.unit })!;
  return { ...span, count: registersOf(type), decode: registerNumber(number) };
}

/** Int32 and Float carry a register as it is; whatever has been scaled or converted, or is larger, needs a Double. */
function dataTypeOf(one: ProfileMetric, isBit: boolean): DataType {
  if (isBit) return DATA_TYPES.Boolean;
  const known = quantityOf(one)!;
  const { read } = one;
  const isUntouched = read.scale === 1 && read.offset === 0 && (read.unit ?? known.unit) === known.unit;
  if (!isUntouched) return DATA_TYPES.Double;
  const { type = 'u16' } = read;
  if (known.kind === 'state' && (type === 'u16' || type === 'i16')) return DATA_TYPES.Int32;
  return type === 'f32' ? DATA_TYPES.Float : DATA_TYPES.Double;
}

function bitOf(answer: ModbusAnswer, at: number): boolean {
  return 'bits' in answer && answer.bits[at]!;
}

function registerBit(bit: number): MetricSpan['decode'] {
  return (answer, at) => 'registers' in answer && (answer.registers[at]! & (1 << bit)) !== 0;
}

function registerNumber(decode: DecodeNumber): MetricSpan['decode'] {
  return (answer, at) => ('registers' in answer ? decode(answer.registers, at) : Number.NaN);
}
