import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';
import { findQuantity, QUANTITIES } from '../../../core/quantities.ts';
import { converter } from '../../../core/units.ts';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';
import { loadProfile, type ProfileProblem } from '../../profiles/load-profile.ts';
import { BYTE_ORDERS, NUMBER_TYPES, registersOf, VALUE_TYPES } from './decode-value.ts';

export const TABLES = ['coil', 'discrete', 'input', 'holding'] as const;
export const TIMER_UNITS = ['ms', 's', 'min'] as const;

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
    scale: Type.Number({ default: 1, description: 'value = raw × scale + offset' }),
    offset: Type.Number({ default: 0 }),
    unit: Type.Optional(Type.String({ description: 'What the device counts in; canonical where not given' })),
  },
  { additionalProperties: false },
);

const timer = Type.Object(
  {
    address: Type.Integer({ minimum: 0, maximum: 65_535, description: 'A holding register' }),
    type: Type.Enum(['u16', 'u32'], { default: 'u16' }),
    order: Type.Enum([...BYTE_ORDERS], { default: 'ABCD', description: 'Order of bytes and words' }),
    unit: Type.Enum([...TIMER_UNITS], { default: 's', description: 'What it counts in' }),
  },
  {
    additionalProperties: false,
    description:
      'The device goes back to the safe value by itself when this has run out; written before each opening',
  },
);

const write = Type.Object(
  {
    role: Type.Enum(['valve', 'pump', 'setting'], {
      description: 'What hangs on it, for leases and interlocks',
    }),
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
    safe: Type.Union([Type.Number(), Type.Boolean()], {
      description:
        'Harmless for ever: set on start, when a lease ends and by interlocks; in the canonical unit',
    }),
    min: Type.Optional(Type.Number({ description: 'Least that may be set, in the canonical unit' })),
    max: Type.Optional(Type.Number({ description: 'Most that may be set, in the canonical unit' })),
    timer: Type.Optional(timer),
  },
  { additionalProperties: false, description: 'Where it can be commanded' },
);

const report = Type.Object(
  {
    deadBand: Type.Number({
      minimum: 0,
      description: 'In the canonical unit: a value is sent when it has moved by more; 0 sends every change',
    }),
    longestSilenceS: Type.Integer({
      minimum: 1,
      maximum: LONGEST_INTERVAL_MS / 1000,
      description: 'After so many seconds a value is sent though it has not moved',
    }),
  },
  { additionalProperties: false, description: 'When a value is worth sending; every one where not given' },
);

const metric = Type.Object(
  {
    quantity: Type.String({ description: 'measurement/field of the catalogue, such as soil/moisture' }),
    point: Type.Optional(
      Type.String({ pattern: ID_PATTERN, description: 'Where a device has several of one quantity' }),
    ),
    group: Type.String({ default: 'readings', description: 'The polling group that reads it' }),
    read: source,
    range: Type.Optional(
      Type.Tuple([Type.Number(), Type.Number()], {
        description: 'What the instrument can measure, in the canonical unit; a value outside is marked bad',
      }),
    ),
    report: Type.Optional(report),
    write: Type.Optional(write),
  },
  { additionalProperties: false },
);

export const ModbusProfile = Type.Object(
  {
    protocol: Type.Literal('modbus'),
    title: Type.Object({ en: Type.String(), zh: Type.String() }, { additionalProperties: false }),
    maxGap: Type.Integer({
      minimum: 0,
      maximum: 64,
      default: 0,
      description: 'Registers or bits between two wanted ones that the device answers for as well',
    }),
    groups: Type.Record(
      Type.String({ pattern: ID_PATTERN }),
      Type.Object(
        {
          everyMs: Type.Integer({
            minimum: 100,
            maximum: LONGEST_INTERVAL_MS,
            description: 'Interval of polling',
          }),
        },
        { additionalProperties: false },
      ),
      { additionalProperties: false, description: 'Polling groups by name' },
    ),
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
  const seen = new Set<string>();
  return profile.metrics.flatMap((one, index) => {
    const at = (...path: string[]) => ['metrics', index, ...path];
    const name = `${one.quantity} ${one.point ?? ''}`;
    const problems: ProfileProblem[] = [];
    if (seen.has(name)) problems.push({ path: at('quantity'), text: 'stands here twice; give each a point' });
    seen.add(name);
    if (!Object.hasOwn(profile.groups, one.group)) {
      const known = Object.keys(profile.groups).join(', ');
      problems.push({ path: at('group'), text: `there is no group "${one.group}"; groups: ${known}` });
    }
    const [from, to] = one.range ?? [0, 0];
    if (from > to) {
      problems.push({ path: at('range'), text: `its end, ${to}, is before its beginning, ${from}` });
    }
    return [...problems, ...quantityProblems(one, at), ...sourceProblems(one, at), ...writeProblems(one, at)];
  });
}

type At = (...path: string[]) => (string | number)[];

function quantityProblems({ quantity: name, read }: ProfileMetric, at: At): ProfileProblem[] {
  const [measurement = '', field = ''] = name.split('/');
  const quantity = findQuantity(measurement, field);
  if (!quantity) {
    const near = QUANTITIES.filter((one) => one.measurement === measurement).map((one) => one.field);
    const hint = near.length > 0 ? `${measurement} has ${near.join(', ')}` : 'see /api/v1/quantities';
    return [{ path: at('quantity'), text: `"${name}" is not in the catalogue; ${hint}` }];
  }
  if (read.unit !== undefined && !converter(read.unit, quantity.unit)) {
    return [{ path: at('read', 'unit'), text: `"${read.unit}" cannot be converted to ${quantity.unit}` }];
  }
  return [];
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
  if (read.scale === 0) return [{ path: at('read', 'scale'), text: 'must not be 0' }];
  return [];
}

/** Whether the value of a metric is true or false, and no number. */
export function isBitSource({ table, bit }: ProfileMetric['read']): boolean {
  return table === 'coil' || table === 'discrete' || bit !== undefined;
}

function writeProblems({ quantity: name, read, range, write }: ProfileMetric, at: At): ProfileProblem[] {
  if (!write) return [];
  const isBit = isBitSource(read);
  const problem = (key: string, text: string): ProfileProblem[] => [{ path: at('write', key), text }];
  const { table, type = read.type ?? 'u16', address, timer, safe } = write;
  if (table === 'coil' && !isBit) return problem('table', 'a coil is one bit, and the value is a number');
  if (typeof safe !== (isBit ? 'boolean' : 'number')) {
    return problem('safe', isBit ? 'the value is true or false' : 'the value is a number');
  }
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
  const quantity = findQuantity(...(name.split('/') as [string, string]));
  if (!quantity || typeof safe === 'boolean') return [];
  if (write.unit !== undefined && !converter(write.unit, quantity.unit)) {
    return problem('unit', `"${write.unit}" cannot be converted to ${quantity.unit}`);
  }
  const { min = range?.[0] ?? quantity.min, max = range?.[1] ?? quantity.max } = write;
  if (min > max) return problem('max', `${max} is less than the least, ${min}`);
  if (safe < min || safe > max) return problem('safe', `${safe} is not within ${min} to ${max}`);
  return [];
}
