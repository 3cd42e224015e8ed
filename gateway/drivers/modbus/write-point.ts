import { SluiceError, type Words } from '../../../core/errors.ts';
import type { ModbusAnswer, ModbusRequest } from '../../../core/modbus/pdu.ts';
import type { Quantity } from '../../../core/quantities.ts';
import type { WriteSpec } from '../../driver.ts';
import { MS_OF_TIMER_UNIT } from '../../profiles/profile-parts.ts';
import { type NumberFormat, numberDecoder, registersOf } from './decode-value.ts';
import { numberEncoder, rawRegisters } from './encode-value.ts';
import { isBitSource, type ProfileMetric, type ProfileWrite } from './profile.ts';

type ReadBack = Extract<ModbusRequest, { count: number }>;

/** What goes over the line for one write, in this order. */
export interface WritePlan {
  /** The length of the lease, for the device's own timer; only where it has one and the value is not the safe one. */
  readonly timer?: ModbusRequest;
  readonly command: ModbusRequest;
  /** Of the very coil or registers that were commanded: a position that is measured follows later. */
  readonly readBack: ReadBack;
  /** What the device holds, in the canonical unit, and whether that is what was written. */
  held(answer: ModbusAnswer): { readonly value: number | boolean; readonly isTaken: boolean };
}

/** The commandable side of a metric, worked out from its profile. */
export interface WritePoint {
  readonly spec: WriteSpec;
  /** Throws `WRITE_IMPOSSIBLE` where the device has no way to hold that. */
  plan(value: number | boolean, leaseMs: number): WritePlan;
}

/** What a plan is made of before the timer stands in front of it. */
type Command = Omit<WritePlan, 'timer'>;

type Bounds = Pick<WriteSpec, 'min' | 'max'>;

/** `undefined` where the profile says nothing of writing. The profile has been checked. */
export function createWritePoint(
  one: ProfileMetric,
  device: string,
  quantity: Quantity,
): WritePoint | undefined {
  const { write } = one;
  if (!write) return undefined;
  const { role, safe: safeValue, timer } = write;
  const refuse = (value: number | boolean, reason: Words) =>
    new SluiceError('WRITE_IMPOSSIBLE', { value: String(value), metric: nameOf(one), device, reason });
  const isBit = isBitSource(one.read);
  const bounds: Bounds = isBit ? {} : boundsOf(one, write, quantity);
  const command = isBit ? bitCommand(write) : numberCommand(one, write, quantity, refuse);
  return {
    spec: { role, safeValue, ...bounds, hasDeviceTimer: timer !== undefined },
    plan(value, leaseMs) {
      if (typeof value !== typeof safeValue) throw refuse(value, isBit ? NOT_A_BIT : NOT_A_NUMBER);
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = bounds;
      if (typeof value === 'number' && !(value >= min && value <= max))
        throw refuse(value, outside(min, max));
      const plan = command(value);
      if (!timer || value === safeValue) return plan;
      if (!(leaseMs > 0)) throw refuse(value, NO_LEASE);
      // Rounded up: the gateway closes when the lease ends, and the device is there for when it cannot.
      const count = Math.ceil(leaseMs / MS_OF_TIMER_UNIT[timer.unit]);
      const most = timer.type === 'u16' ? 0xffff : 0xffff_ffff;
      if (count > most) throw refuse(value, tooLong((most * MS_OF_TIMER_UNIT[timer.unit]) / 1000));
      return { timer: writeRegisters(timer.address, rawRegisters(timer.type, timer.order, count)), ...plan };
    },
  };
}

function nameOf({ quantity, point }: ProfileMetric): string {
  return point === undefined ? quantity : `${quantity}/${point}`;
}

function boundsOf({ range }: ProfileMetric, { min, max }: ProfileWrite, quantity: Quantity): Bounds {
  return { min: min ?? range?.[0] ?? quantity.min, max: max ?? range?.[1] ?? quantity.max };
}

function bitCommand({ table, address, on, off }: ProfileWrite): (value: number | boolean) => Command {
  if (table === 'coil') {
    return (value) => ({
      command: { function: 'writeSingleCoil', address, on: value === true },
      readBack: { function: 'readCoils', address, count: 1 },
      held(answer) {
        const held = 'bits' in answer && answer.bits[0] === true;
        return { value: held, isTaken: held === value };
      },
    });
  }
  return (value) => ({
    command: { function: 'writeSingleRegister', address, value: value ? on : off },
    readBack: { function: 'readHoldingRegisters', address, count: 1 },
    held(answer) {
      const register = 'registers' in answer ? answer.registers[0] : undefined;
      return { value: register === on, isTaken: register === (value ? on : off) };
    },
  });
}

function numberCommand(
  { read }: ProfileMetric,
  write: ProfileWrite,
  quantity: Quantity,
  refuse: (value: number | boolean, reason: Words) => SluiceError,
): (value: number | boolean) => Command {
  const readType = read.type === undefined || read.type === 'bit' ? 'u16' : read.type;
  const format: NumberFormat = {
    type: write.type ?? readType,
    order: write.order ?? read.order,
    scale: write.scale ?? read.scale,
    offset: write.offset ?? read.offset,
    fromUnit: write.unit ?? read.unit ?? quantity.unit,
    toUnit: quantity.unit,
  };
  const encode = numberEncoder(format)!;
  const decode = numberDecoder(format)!;
  const { address } = write;
  return (value) => {
    const encoded = encode(Number(value));
    if (!('registers' in encoded)) throw refuse(value, outside(encoded.least, encoded.most));
    const { registers } = encoded;
    return {
      command: writeRegisters(address, registers),
      readBack: { function: 'readHoldingRegisters', address, count: registersOf(format.type) },
      held(answer) {
        const held = 'registers' in answer ? answer.registers : [];
        return { value: decode(held, 0), isTaken: registers.every((one, at) => one === held[at]) };
      },
    };
  };
}

function writeRegisters(address: number, registers: number[]): ModbusRequest {
  const [value = 0, ...more] = registers;
  if (more.length === 0) return { function: 'writeSingleRegister', address, value };
  return { function: 'writeMultipleRegisters', address, values: registers };
}

const NOT_A_BIT: Words = { en: 'it is true or false, and takes no number', zh: '该点为开关量，不接受数值' };
const NOT_A_NUMBER: Words = { en: 'it is a number', zh: '该点需要数值' };
const NO_LEASE: Words = {
  en: 'it needs a lease, since the device times it',
  zh: '设备自带计时，必须给出租约时长',
};

function outside(min: number, max: number): Words {
  return { en: `it can be ${min} to ${max}`, zh: `可设范围为 ${min} 至 ${max}` };
}

function tooLong(mostS: number): Words {
  return { en: `the timer of the device holds at most ${mostS} s`, zh: `设备计时器最长为 ${mostS} 秒` };
}
