import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import { MeterPlace } from '../devices/metered.ts';
import { FaultConfig, VALUE_KINDS } from '../faults.ts';

const { channel, perHour, size } = FaultConfig.properties;

export const NodeFault = Type.Object(
  {
    kind: Type.Enum(['dead', 'loss', 'duplicate', 'wrong-clock', ...VALUE_KINDS], {
      description:
        'dead: its radio is off; loss: datagrams are lost, both ways; duplicate: datagrams are sent twice; wrong-clock: its times are off by offsetS; the others as for devices on a bus.',
    }),
    share: Type.Optional(
      Type.Number({ minimum: 0, maximum: 1, description: 'For loss, duplicate, spikes.' }),
    ),
    offsetS: Type.Optional(Type.Number({ description: 'For wrong-clock; a day behind where not set.' })),
    channel,
    perHour,
    size,
  },
  { additionalProperties: false },
);
export type NodeFault = Static<typeof NodeFault>;

export const NodeConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: 'Its endpoint name.' }),
    kind: Type.Enum(['nbiot-soil-node', 'nbiot-water-meter']),
    zone: MeterPlace.zone,
    line: MeterPlace.line,
    protocol: Type.Enum(['lwm2m', 'coap'], {
      default: 'lwm2m',
      description: 'coap: no registration; it posts its readings as SenML and listens to nobody.',
    }),
    host: Type.String({ default: '127.0.0.1', description: 'Address of the server: IPv4 or IPv6.' }),
    port: Type.Integer({ minimum: 1, maximum: 65_535, default: 5683 }),
    path: Type.String({ default: '/senml', description: 'For coap: where it posts; its id goes behind it.' }),
    version: Type.Enum(['1.0', '1.1', '1.2'], { default: '1.1', description: 'Of LwM2M.' }),
    format: Type.Enum(['tlv', 'senml-json', 'senml-cbor', 'text'], {
      default: 'senml-cbor',
      description: 'Where the server asks for none. text is for single resources; more are answered in TLV.',
    }),
    report: Type.Enum(['observe', 'send'], {
      default: 'observe',
      description: 'send: it sends by itself what it measures (LwM2M 1.1), beside what is observed.',
    }),
    isConfirmable: Type.Boolean({ default: true, description: 'Its notifications and posts.' }),
    lifetimeS: Type.Integer({ minimum: 10, maximum: 2_592_000, default: 300 }),
    measureS: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description: 'How often it wakes to measure, and to tell where it has something to tell.',
    }),
    queueMode: Type.Boolean({ default: true, description: 'It sleeps, and hears nothing while it does.' }),
    awakeS: Type.Number({
      minimum: 0.1,
      maximum: 3600,
      default: 10,
      description: 'After its last datagram.',
    }),
    faults: Type.Array(NodeFault, { default: [] }),
  },
  { additionalProperties: false },
);
export type NodeConfig = Static<typeof NodeConfig>;
