import { type Static, Type } from 'typebox';

export const SenmlConfig = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description: 'Whether SenML packs on senml/{site}/{device} are taken in',
    }),
    names: Type.Record(
      Type.String({ minLength: 1, maxLength: 256 }),
      Type.String({ minLength: 1, maxLength: 256 }),
      {
        default: {},
        maxProperties: 1_000,
        description:
          'What records of other makers measure: their name, such as /3303/0/5700, and the metric here, such as weather/air_temperature. For all devices; also for SenML over HTTP.',
      },
    ),
    maxInFlight: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 1_000,
      description: 'Messages taken in and not yet acknowledged, as the store does not have them yet',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type SenmlConfig = Static<typeof SenmlConfig>;
