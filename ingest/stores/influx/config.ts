import { type Static, Type } from 'typebox';

export const InfluxConfig = Type.Object(
  {
    kind: Type.Literal('influx'),
    url: Type.String({
      default: 'http://127.0.0.1:8086',
      pattern: '^https?://',
      description: 'Where InfluxDB answers',
    }),
    version: Type.Integer({
      minimum: 1,
      maximum: 3,
      default: 1,
      description: 'First number of the version of the InfluxDB.',
    }),
    database: Type.String({
      default: 'sluice',
      minLength: 1,
      description: 'Database of 1.x (created where it does not exist) and 3.x, bucket of 2.x.',
    }),
    org: Type.String({ default: '', description: 'Organization of 2.x.' }),
    tokenFile: Type.Optional(
      Type.String({ description: 'File with the token of 2.x and 3.x, or "user:password" for 1.x.' }),
    ),
    timeoutMs: Type.Integer({
      default: 10_000,
      minimum: 100,
      maximum: 86_400_000,
      description: 'Longest that an answer is waited for',
    }),
    rollUps: Type.Boolean({
      default: true,
      description:
        'Whether roll-ups of minutes and hours are written, and answered from. Only where this process alone writes to its measurements: it notes what it writes itself. Without them nothing is deleted either',
    }),
    lastDays: Type.Integer({
      default: 30,
      minimum: 1,
      description: 'How far back the last value of each series is looked for at start.',
    }),
  },
  { additionalProperties: false, description: 'Readings in an InfluxDB.' },
);
export type InfluxConfig = Static<typeof InfluxConfig>;
