import { type Static, type TSchema, Type } from 'typebox';
import { brokerConnection } from '../core/broker-connection.ts';
import { ID_PATTERN } from '../core/ids.ts';
import { IrrigationConfig } from './controls/config.ts';
import { DRIVERS } from './drivers/drivers.ts';
import { OutboxConfig } from './outbox/config.ts';
import { ReportConfig } from './report-config.ts';
import { ClockConfig } from './time/config.ts';

const broker = Type.Object(brokerConnection(), { additionalProperties: false });

type Schemas = { [name in keyof typeof DRIVERS]: Static<(typeof DRIVERS)[name]['schema']> };

/** Settings of one driver: `driver` names it and decides what else may stand there. */
export type DriverConfig = Schemas[keyof Schemas];

const driver = Type.Unsafe<DriverConfig>({
  type: 'object',
  discriminator: { propertyName: 'driver' },
  oneOf: Object.values(DRIVERS).map(({ schema }): TSchema => schema),
});

export const GatewayConfig = Type.Object(
  {
    site: Type.String({
      pattern: ID_PATTERN,
      description: 'The farm or network that this gateway belongs to',
    }),
    gateway: Type.String({ pattern: ID_PATTERN, description: 'Name of this gateway, unique in the site' }),
    broker,
    primaryHost: Type.Optional(
      Type.String({
        pattern: ID_PATTERN,
        description: 'Sparkplug host to wait for: while it is offline, readings are kept here',
      }),
    ),
    outbox: OutboxConfig,
    report: ReportConfig,
    care: Type.Object(
      {
        remote: Type.Boolean({
          default: true,
          description:
            'Whether these settings may be changed, and the gateway restarted, by the host over the network',
        }),
        trialS: Type.Integer({
          minimum: 5,
          maximum: 3_600,
          default: 60,
          description: 'How long new settings have to come up before the earlier ones are back',
        }),
      },
      { additionalProperties: false, default: {} },
    ),
    clock: ClockConfig,
    irrigation: IrrigationConfig,
    drivers: Type.Array(driver, { minItems: 1, description: 'What the gateway talks to' }),
  },
  { additionalProperties: false },
);

export type GatewayConfig = Static<typeof GatewayConfig>;
