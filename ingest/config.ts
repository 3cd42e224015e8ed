import { type Static, Type } from 'typebox';
import { brokerConnection } from '../core/broker-connection.ts';
import { ID_PATTERN } from '../core/ids.ts';
import { AlertsConfig } from './alerts/config.ts';
import { AutomationConfig } from './automation/config.ts';
import { ClusterConfig } from './cluster/config.ts';
import { CommandsConfig } from './commands/config.ts';
import { SenmlConfig } from './doors/senml/config.ts';
import { EventsConfig } from './events/config.ts';
import { ExportConfig } from './export/config.ts';
import { HttpConfig } from './http/config.ts';
import { LettersConfig } from './letters/config.ts';
import { NotifyConfig } from './notify/config.ts';
import { RetentionConfig } from './rollups/config.ts';
import { SelfConfig } from './self/config.ts';
import { StoreConfig } from './stores/stores.ts';

const strict = { additionalProperties: false };

const brokerSchema = Type.Object(
  {
    ...brokerConnection({ default: 'mqtt://127.0.0.1:1883' }),
    keepaliveS: Type.Integer({
      minimum: 1,
      maximum: 3_600,
      default: 30,
      description:
        'Longest silence on the connection before it is tested; broken after one and a half times as long',
    }),
  },
  { ...strict, default: {} },
);

const sessionSchema = Type.Object(
  {
    reorderMs: Type.Integer({
      minimum: 0,
      maximum: 60_000,
      default: 2_000,
      description: 'How long a message may be overtaken by later ones before a new birth is asked for',
    }),
    rebirthIntervalMs: Type.Integer({
      minimum: 1_000,
      maximum: 86_400_000,
      default: 10_000,
      description:
        'Shortest time between two rebirth requests to one gateway; it doubles while they do not help',
    }),
    silenceMs: Type.Integer({
      minimum: 1_000,
      maximum: 86_400_000,
      default: 60_000,
      description:
        'After a restart or a lost connection: how long a gateway whose births are known may say nothing until it is asked for them',
    }),
    rebirthsPerS: Type.Number({
      minimum: 1,
      default: 50,
      description: 'Rebirth requests to all gateways together',
    }),
    maxGateways: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 20_000,
      description: 'Gateways and nodes whose births are held; further ones are refused',
    }),
  },
  { ...strict, default: {} },
);

const pipelineSchema = Type.Object(
  {
    flushReadings: Type.Integer({
      minimum: 1,
      maximum: 1_000_000,
      default: 10_000,
      description: 'Readings that make a batch worth writing at once',
    }),
    flushMs: Type.Integer({
      minimum: 0,
      maximum: 60_000,
      default: 250,
      description: 'Longest time that a reading waits for others',
    }),
    maxPendingReadings: Type.Integer({
      minimum: 1_000,
      default: 500_000,
      description:
        'Readings held while the store is away, about 20 bytes each, and 300 for each message with a ledger mark; from half of it on, a backlog waits in its gateways',
    }),
    maxAheadS: Type.Integer({
      minimum: 0,
      default: 300,
      description: 'How far ahead of this clock a reading may be stamped',
    }),
    maxSeriesPerGateway: Type.Integer({
      minimum: 1,
      default: 30_000,
      description:
        'Also as many metrics at a time, those of the protocol included, and as many devices; a link has 22 for each kind of probe',
    }),
  },
  { ...strict, default: {} },
);

/** Ajv looks for the branch that `kind` names under `oneOf`. */
const storeSchema = Type.Unsafe<StoreConfig>({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: StoreConfig.anyOf,
  default: { kind: 'embedded' },
});

export const IngestConfig = Type.Object(
  {
    hostId: Type.String({
      pattern: ID_PATTERN,
      default: 'sluice',
      description: 'Name of this host application; gateways that wait for it name it as their primary host',
    }),
    broker: brokerSchema,
    cluster: Type.Optional(ClusterConfig),
    session: sessionSchema,
    pipeline: pipelineSchema,
    liveWithinS: Type.Integer({
      minimum: 1,
      default: 900,
      description:
        'Readings stamped further back are stored like any other, and not passed on as live, unless their clock says that it is not set',
    }),
    store: storeSchema,
    retention: Type.Object(RetentionConfig.properties, { ...strict, default: {} }),
    self: SelfConfig,
    events: EventsConfig,
    letters: LettersConfig,
    commands: CommandsConfig,
    mesh: Type.Optional(
      Type.String({
        minLength: 1,
        description: 'File of the points of presence and the links between them (docs/mesh.md)',
      }),
    ),
    zones: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'GeoJSON file of the zones, imported at the first start, while none is known; from then on they are kept and changed here (docs/zones.md)',
      }),
    ),
    alerts: AlertsConfig,
    notify: NotifyConfig,
    automation: AutomationConfig,
    senml: SenmlConfig,
    export: ExportConfig,
    http: Type.Object(HttpConfig.properties, { ...strict, default: {} }),
  },
  strict,
);

export type IngestConfig = Static<typeof IngestConfig>;
export type BrokerConnectionConfig = Static<typeof brokerSchema>;
export type PipelineConfig = Static<typeof pipelineSchema>;
