import { type Static, Type } from 'typebox';

const closed = { additionalProperties: false } as const;
const file = (description: string) => Type.Optional(Type.String({ minLength: 1, description }));
const whole = (minimum: number, maximum: number, value: number, description: string) =>
  Type.Integer({ minimum, maximum, default: value, description });

const tls = Type.Object(
  {
    certFile: Type.String({
      minLength: 1,
      description: 'PEM file of the certificate of this broker, with its chain, relative to this file',
    }),
    keyFile: Type.String({ minLength: 1, description: 'PEM file of its private key' }),
    caFile: file('PEM file of the authorities whose client certificates are believed'),
    crlFile: file('PEM file of the revoked client certificates, one list for each authority of caFile'),
    clientCertificate: Type.Enum(['none', 'optional', 'required'], {
      default: 'none',
      description: 'Whether clients show a certificate; its name (CN or SAN) is that of a user',
    }),
  },
  { ...closed, description: 'For mqtts and wss. The files are read again when they change' },
);

const listener = Type.Object(
  {
    protocol: Type.Enum(['mqtt', 'ws', 'mqtts', 'wss'], {
      description: 'mqtt: MQTT over TCP; ws: MQTT over WebSocket; mqtts and wss: over TLS',
    }),
    host: Type.String({
      default: '127.0.0.1',
      minLength: 1,
      description: 'Address to listen on; IPv4 or IPv6',
    }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, description: 'TCP port' }),
    tls: Type.Optional(tls),
  },
  closed,
);

const limits = Type.Object(
  {
    maxConnections: whole(1, 1_000_000, 20_000, 'Connections in all'),
    maxConnectionsPerAddress: whole(
      1,
      1_000_000,
      10_000,
      'Connections from one address; a whole site may come from one',
    ),
    maxConnectionsPerUser: whole(1, 1_000_000, 10_000, 'Connections of one user'),
    connectsPerS: whole(
      1,
      100_000,
      500,
      'New connections a second from one address, lasting; ten times as many at once',
    ),
    connectTimeoutS: whole(
      1,
      300,
      10,
      'How long a connection may be silent before it says who it is (CONNECT)',
    ),
    failedLoginsPerMin: whole(
      1,
      10_000,
      30,
      'Wrong passwords a minute from one address; beyond that it waits, except with passwords that were right before',
    ),
    maxInFlight: whole(
      1,
      65_000,
      1_000,
      'Messages of a queue, or of QoS 2 from a client, that wait for their acknowledgement at a time',
    ),
    maxUnreadMessages: whole(
      100,
      10_000_000,
      50_000,
      'Messages at QoS 0 that wait for a client that does not read, about 4 kB of memory each; further ones are lost to it, and counted',
    ),
    maxUnreadBytes: whole(
      2_097_152,
      4_294_967_296,
      134_217_728,
      'Bytes that wait for a client that does not read: further messages at QoS 0 are lost to it, one at QoS 1 or 2 ends its connection',
    ),
    unreadS: whole(
      1,
      3_600,
      15,
      'A client whose socket is full and takes nothing for so long is disconnected: until then those who publish to it wait as well',
    ),
    maxSubscriptions: whole(1, 100_000, 1_000, 'Subscriptions of one client'),
    maxTopicBytes: whole(16, 65_535, 1_024, 'Length of a topic or a filter'),
    maxTopicLevels: whole(4, 100, 32, 'Levels of a topic or a filter'),
  },
  { ...closed, default: {}, description: 'Against floods; no farm comes near them' },
);

const sessions = Type.Object(
  {
    keep: Type.Boolean({
      default: true,
      description:
        'Whether lasting sessions and retained messages are kept on disk, in broker/ of the data folder',
    }),
    maxSessions: whole(0, 1_000_000, 10_000, 'Lasting sessions'),
    sessionExpiryS: whole(60, 31_536_000, 604_800, 'How long a session without its client is kept'),
    maxQueuedMessages: whole(
      1,
      65_000,
      50_000,
      'Messages that wait for one client; further ones are not kept',
    ),
    maxQueuedBytes: whole(1_024, 1_073_741_824, 67_108_864, 'Their bytes'),
    maxQueuedBytesInAll: whole(
      1_024,
      4_294_967_296,
      268_435_456,
      'Bytes that wait for all clients, in memory',
    ),
    maxRetainedMessages: whole(0, 1_000_000, 100_000, 'Retained messages'),
    maxRetainedBytes: whole(0, 1_073_741_824, 67_108_864, 'Their bytes'),
  },
  { ...closed, default: {} },
);

const audit = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description:
        'Whether connects, refusals and disconnects are written to broker/audit of the data folder',
    }),
    maxFileBytes: whole(10_000, 1_073_741_824, 10_485_760, 'Then a new file begins'),
    maxFiles: whole(2, 1_000, 20, 'The oldest beyond that goes'),
    refusalsPerMin: whole(
      1,
      100_000,
      300,
      'Refusals that are written a minute; further ones are counted in one line',
    ),
  },
  { ...closed, default: {} },
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
          'YAML list of users with hashed passwords or certificates, relative to this file, read again when it changes; without it anyone on this machine may connect, and nobody else',
      }),
    ),
    maxPacketBytes: Type.Integer({
      default: 1_048_576,
      minimum: 1_024,
      maximum: 268_435_455,
      description: 'A longer packet ends its connection; a birth takes about 80 bytes for each metric',
    }),
    limits,
    sessions,
    audit,
    reloadS: whole(
      1,
      3_600,
      5,
      'How often certificates and the users file are looked at for changes; nothing is read where nothing has changed',
    ),
  },
  closed,
);

export type BrokerConfig = Static<typeof BrokerConfig>;
export type ListenerConfig = Static<typeof listener>;
export type TlsConfig = Static<typeof tls>;
export type AuditConfig = Static<typeof audit>;
