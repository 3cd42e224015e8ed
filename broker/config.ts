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
  },
  { additionalProperties: false },
);

export type BrokerConfig = Static<typeof BrokerConfig>;
export type ListenerConfig = Static<typeof listener>;
