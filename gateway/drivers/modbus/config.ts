import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';
import { LONGEST_INTERVAL_MS } from '../../driver.ts';

const id = (description: string) => Type.String({ pattern: ID_PATTERN, description });

const device = Type.Object(
  {
    id: id('Name of the device, unique in the gateway'),
    unit: Type.Integer({ minimum: 1, maximum: 247, description: 'Its address on the bus' }),
    profile: Type.String({
      minLength: 1,
      description: 'A profile that comes with Sluice, or a .yaml file relative to this one',
    }),
    zone: Type.Optional(id('Where it measures')),
    points: Type.Optional(
      Type.Record(
        Type.String({ pattern: ID_PATTERN }),
        Type.Object({ zone: Type.Optional(id('Zone of this point')) }, { additionalProperties: false }),
        {
          additionalProperties: false,
          description: 'The points that are in use, with their zones; all where not given',
        },
      ),
    ),
    everyMs: Type.Optional(
      Type.Integer({
        minimum: 100,
        maximum: LONGEST_INTERVAL_MS,
        description: 'Polling interval, in place of those of the profile',
      }),
    ),
  },
  { additionalProperties: false },
);

export const ModbusConfig = Type.Object(
  {
    driver: Type.Literal('modbus-rtu'),
    id: id('Name of the bus'),
    port: Type.String({
      minLength: 1,
      description: 'Serial port, such as /dev/ttyUSB0; a simulated one is named relative to the data folder',
    }),
    baud: Type.Integer({ minimum: 300, maximum: 1_000_000, default: 9_600, description: 'Bits per second' }),
    parity: Type.Enum(['none', 'even', 'odd'], { default: 'none' }),
    stopBits: Type.Enum([1, 2], { default: 1 }),
    timeoutMs: Type.Integer({
      minimum: 10,
      maximum: 60_000,
      default: 500,
      description: 'How long a device may take to begin its answer',
    }),
    devices: Type.Array(device, { minItems: 1, maxItems: 247 }),
  },
  { additionalProperties: false },
);

export type ModbusConfig = Static<typeof ModbusConfig>;
export type ModbusDeviceConfig = ModbusConfig['devices'][number];
