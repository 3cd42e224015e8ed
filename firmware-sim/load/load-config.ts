import { type Static, Type } from 'typebox';
import { brokerConnection } from '../../core/broker-connection.ts';
import { ID_PATTERN } from '../../core/ids.ts';

const closed = { additionalProperties: false } as const;
const whole = (minimum: number, maximum: number, value: number, description: string) =>
  Type.Integer({ minimum, maximum, default: value, description });

export const LoadConfig = Type.Object(
  {
    broker: Type.Object(brokerConnection({ default: 'mqtt://127.0.0.1:1883' }), { ...closed, default: {} }),
    site: Type.String({ pattern: ID_PATTERN, default: 'load' }),
    gateways: whole(1, 20_000, 100, 'Each with an MQTT connection of its own, named gw-00000, gw-00001, …'),
    devices: whole(1, 100, 4, 'Of each gateway, named dev-0, dev-1, …'),
    metrics: whole(1, 100, 5, 'Of each device: soil/moisture at the points p0, p1, …'),
    everyMs: whole(100, 3_600_000, 10_000, 'How often each device sends all its metrics in one message.'),
    connectPerS: whole(1, 5_000, 200, 'New connections a second.'),
    messages: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Of each gateway, and then no more; without end where not set.',
      }),
    ),
    tellsBirths: Type.Boolean({
      default: true,
      description:
        'Whether data says which births it goes by; without it a host that was away asks for births, as from gateways of other makers.',
    }),
    impossibleEvery: whole(
      0,
      1_000_000,
      0,
      'One in so many readings has a value that no soil has, which a host must refuse; 0 for none.',
    ),
    resendAfterMs: whole(
      1_000,
      3_600_000,
      30_000,
      'What is not confirmed after this time is sent again, as historical.',
    ),
  },
  { ...closed, description: 'A fleet of Sparkplug gateways, for benchmarks and chaos.' },
);

export type LoadConfig = Static<typeof LoadConfig>;
