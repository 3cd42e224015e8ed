import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';

const id = (description: string) => Type.String({ pattern: ID_PATTERN, description });

export const NmeaConfig = Type.Object(
  {
    driver: Type.Literal('nmea'),
    id: id('Name of the receiver, unique among the drivers'),
    port: Type.String({
      minLength: 1,
      description:
        'Serial port, such as /dev/ttyACM0; a simulated one is named relative to the data folder. Or tcp://HOST:PORT for a converter, gpsd://HOST:2947 for gpsd',
    }),
    baud: Type.Integer({ minimum: 300, maximum: 4_000_000, default: 9_600, description: 'Bits per second' }),
    device: Type.Optional(
      id('What it is mounted on, where that is not the gateway: its readings are then of this device'),
    ),
    zone: Type.Optional(id('Where that is')),
    everyMs: Type.Integer({
      minimum: 100,
      maximum: 3_600_000,
      default: 1_000,
      description: 'How often its newest position is looked at',
    }),
    timeoutMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 5_000,
      description: 'Without a usable sentence for so long, it counts as silent',
    }),
    checksum: Type.Enum(['required', 'optional'], {
      default: 'required',
      description: 'optional: for receivers that send none; noise may then become a position',
    }),
    givesTime: Type.Boolean({
      default: true,
      description: 'Whether the gateway may take the time from it',
    }),
    latencyMs: Type.Integer({
      minimum: 0,
      maximum: 2_000,
      default: 250,
      description: 'How long after each second the receiver begins to tell of it, about',
    }),
  },
  { additionalProperties: false },
);

export type NmeaConfig = Static<typeof NmeaConfig>;
