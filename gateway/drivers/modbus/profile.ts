import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';
import { findQuantity, QUANTITIES } from '../../../core/quantities.ts';
import { converter } from '../../../core/units.ts';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';
import { loadProfile, type ProfileProblem } from '../../profiles/load-profile.ts';
import { BYTE_ORDERS, registersOf, VALUE_TYPES } from './decode-value.ts';

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
    scale: Type.Number({ default: 1, description: 'value = raw × scale + offset' }),
    offset: Type.Number({ default: 0 }),
    unit: Type.Optional(Type.String({ description: 'What the device counts in; canonical where not given' })),
  },
  { additionalProperties: false },
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
    return [...problems, ...quantityProblems(one, at), ...sourceProblems(one, at)];
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
