import { type Static, Type } from 'typebox';

export const SelfConfig = Type.Object(
  {
    enabled: Type.Boolean({
      default: true,
      description:
        'Whether presence, completeness, burn rates and counters are written to the store, for dashboards. Workers of a cluster do not: none of them knows all',
    }),
    everyS: Type.Integer({ minimum: 10, maximum: 3_600, default: 60, description: 'How often' }),
    completeness: Type.Object(
      {
        raisePct: Type.Number({
          minimum: 0,
          maximum: 100,
          default: 99,
          description: 'Below this share of the readings of a day, the completeness of a gateway is wrong',
        }),
        clearPct: Type.Number({
          minimum: 0,
          maximum: 100,
          default: 99.5,
          description: 'From this share on it is well again',
        }),
      },
      {
        additionalProperties: false,
        default: {},
        description:
          'Of the readings of a day, how many must be stored: below raise it is wrong, until it is past clear',
      },
    ),
  },
  { additionalProperties: false, default: {}, description: 'What ingest writes of itself.' },
);
export type SelfConfig = Static<typeof SelfConfig>;
