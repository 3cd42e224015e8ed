import { type Static, Type } from 'typebox';
import { converter } from '../../../core/units.ts';
import { loadProfile, type ProfileProblem } from '../../profiles/load-profile.ts';
import {
  type At,
  metricParts,
  metricProblems,
  pollingGroups,
  profileTitle,
  quantityOf,
  scaleParts,
  timerUnit,
  writeParts,
  writeProblems,
} from '../../profiles/profile-parts.ts';
import { BYTE_ORDERS, NUMBER_TYPES, registersOf, VALUE_TYPES } from './decode-value.ts';

export const TABLES = ['coil', 'discrete', 'input', 'holding'] as const;

const source = Type.Object(
  {
    table: Type.Enum([...TABLES], {
      description: 'coil (fn 1), discrete (fn 2), input (fn 4), holding (fn 3)',
    }),
    address: Type.Integer({ minimum: 0, maximum: 65_535, description: 'As sent on the wire, from 0' }),
    type: Type.Optional(
      Type.Enum([...VALUE_TYPES], { description: 'How registers hold the value; u16 where not given' }),
    ),
    bit: Type.Optional(
      Type.Integer({ minimum: 0, maximum: 15, description: 'With type bit: 0 is the lowest bit' }),
    ),
    order: Type.Enum([...BYTE_ORDERS], { default: 'ABCD', description: 'Order of bytes and words' }),
    ...scaleParts,
  },
  { additionalProperties: false },
);

const timer = Type.Object(
  {
    address: Type.Integer({ minimum: 0, maximum: 65_535, description: 'A holding register' }),
    type: Type.Enum(['u16', 'u32'], { default: 'u16' }),
    order: Type.Enum([...BYTE_ORDERS], { default: 'ABCD', description: 'Order of bytes and words' }),
    unit: timerUnit,
  },
  {
    additionalProperties: false,
    description:
      'The device goes back to the safe value by itself when this has run out; written before each opening',
  },
);

const write = Type.Object(
  {
    ...writeParts,
    table: Type.Enum(['coil', 'holding'], { description: 'coil (fn 5), holding (fn 6, or 16 for several)' }),
    address: Type.Integer({ minimum: 0, maximum: 65_535, description: 'As sent on the wire, from 0' }),
    type: Type.Optional(Type.Enum([...NUMBER_TYPES], { description: 'That of read where not given' })),
    order: Type.Optional(Type.Enum([...BYTE_ORDERS], { description: 'That of read where not given' })),
    scale: Type.Optional(Type.Number({ description: 'That of read where not given' })),
    offset: Type.Optional(Type.Number({ description: 'That of read where not given' })),
    unit: Type.Optional(Type.String({ description: 'That of read where not given' })),
    on: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 1,
      description: 'A holding register that means true',
    }),
    off: Type.Integer({
      minimum: 0,
      maximum: 65_535,
      default: 0,
      description: 'A holding register that means false',
    }),
    timer: Type.Optional(timer),
  },
  { additionalProperties: false, description: 'Where it can be commanded' },
);

const metric = Type.Object(
  {
    ...metricParts,
    group: Type.String({ default: 'readings', description: 'The polling group that reads it' }),
    read: source,
    write: Type.Optional(write),
  },
  { additionalProperties: false },
);

export const ModbusProfile = Type.Object(
  {
    protocol: Type.Literal('modbus'),
    title: profileTitle,
    maxGap: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 0,
      description: 'Registers or bits between two wanted ones that the device answers for as well',
    }),
    groups: pollingGroups(100),
    metrics: Type.Array(metric, { minItems: 1 }),
  },
  { additionalProperties: false },
);

export type ModbusProfile = Static<typeof ModbusProfile>;
export type ProfileMetric = ModbusProfile['metrics'][number];
export type ProfileWrite = NonNullable<ProfileMetric['write']>;

export function loadModbusProfile(nameOrPath: string, configFolder: string): ModbusProfile {
  return loadProfile(ModbusProfile, nameOrPath, configFolder, findProblems);
}

function findProblems(profile: ModbusProfile): ProfileProblem[] {
  return metricProblems(profile, (one, at) => [...sourceProblems(one, at), ...targetProblems(one, at)]);
}

function sourceProblems({ read }: ProfileMetric, at: At): ProfileProblem[] {
  const holdsBits = read.table === 'coil' || read.table === 'discrete';
  if (holdsBits && read.type !== undefined) {
    return [{ path: at('read', 'type'), text: `a ${read.table} is one bit and takes no type` }];
  }
  if (!holdsBits && (read.type === 'bit') !== (read.bit !== undefined)) {
    return [{ path: at('read'), text: 'type bit and the number of the bit belong together' }];
  }
  const { type = 'u16', address } = read;
  if (!holdsBits && address + registersOf(type) > 0x10000) {
    const text = `${type} takes ${registersOf(type)} registers, and the last is 65535`;
    return [{ path: at('read', 'address'), text }];
  }
  return [];
}

/** Whether the value of a metric is true or false, and no number. */
export function isBitSource({ table, bit }: ProfileMetric['read']): boolean {
  return table === 'coil' || table === 'discrete' || bit !== undefined;
}

function targetProblems(one: ProfileMetric, at: At): ProfileProblem[] {
  const { read, write } = one;
  if (!write) return [];
  const isBit = isBitSource(read);
  const problem = (key: string, text: string): ProfileProblem[] => [{ path: at('write', key), text }];
  const { table, type = read.type ?? 'u16', address, timer } = write;
  if (table === 'coil' && !isBit) return problem('table', 'a coil is one bit, and the value is a number');
  const ofNumbers = ['type', 'order', 'scale', 'offset', 'unit', 'min', 'max'] as const;
  const stray = isBit && ofNumbers.find((key) => write[key] !== undefined);
  if (stray) return problem(stray, 'is for numbers, and the value is true or false');
  if (write.on === write.off) return problem('off', 'true and false cannot be the same number');
  if (address + (isBit ? 1 : registersOf(type)) > 0x10000) {
    return problem('address', `${type} runs past the last register, 65535`);
  }
  if (timer && timer.address + registersOf(timer.type) > 0x10000) {
    return problem('timer', `${timer.type} runs past the last register, 65535`);
  }
  if (write.scale === 0) return problem('scale', 'must not be 0');
  const quantity = quantityOf(one);
  if (quantity && write.unit !== undefined && !converter(write.unit, quantity.unit)) {
    return problem('unit', `"${write.unit}" cannot be converted to ${quantity.unit}`);
  }
  return writeProblems(one, write, isBit, at);
}
