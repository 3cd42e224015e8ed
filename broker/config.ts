import { type Static, Type } from 'typebox';

const listener = Type.Object(
  {
    protocol: Type.Enum(['mqtt', 'ws'], { description: 'mqtt: MQTT over TCP; ws: MQTT over WebSocket' }),
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description: 'Address to listen on; IPv4 or IPv6',
    }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'TCP port' }),
  },
  { additionalProperties: false },
);

export const BrokerConfig = Type.Object(
  {
    listeners: Type.Array(listener, {
      minItems: 1,
      default: [
        { protocol: 'mqtt', host: '127.0.0.1', port: 1883 },
        { protocol: 'ws', host: '127.0.0.1', port: 8083 },
      ],
    }),
    usersFile: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'YAML list of users with hashed passwords, relative to this file; without it anyone on this machine may connect, and nobody else',
      }),
    ),
    maxPacketBytes: Type.Integer({
      default: 1_048_576,
      minimum: 1_024,
      maximum: 268_435_455,
      description: 'A longer packet ends its connection; a birth takes about 80 bytes for each metric',
    }),
  },
  { additionalProperties: false },
);

export type BrokerConfig = Static<typeof BrokerConfig>;
export type ListenerConfig = Static<typeof listener>;
