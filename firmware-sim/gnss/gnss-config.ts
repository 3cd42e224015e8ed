import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';

const closed = { additionalProperties: false } as const;

export const GnssFault = Type.Object(
  {
    kind: Type.Enum(['dead', 'noise', 'checksum', 'no-fix', 'wrong-date'], {
      description:
        'dead: says nothing; noise: stray bytes between sentences; checksum: one character is wrong; no-fix: it hears no satellites; wrong-date: its dates are offDays off.',
    }),
    share: Type.Optional(
      Type.Number({
        minimum: 0,
        maximum: 1,
        description: 'Of the sentences that noise and checksum strike; 1 where not set.',
      }),
    ),
    offDays: Type.Optional(
      Type.Integer({
        description: 'For wrong-date; −7168 where not set, the 1024 weeks of an old receiver.',
      }),
    ),
  },
  closed,
);
export type GnssFault = Static<typeof GnssFault>;

export const GnssConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN, description: 'Its port is <data folder>/sim/<id>.' }),
    recording: Type.Optional(
      Type.String({
        minLength: 1,
        description:
          'NMEA file relative to this one, replayed at its own pace, over and over; without it positions are made up.',
      }),
    ),
    speed: Type.Number({ exclusiveMinimum: 0, maximum: 100, default: 1, description: 'Of the replay.' }),
    restamp: Type.Boolean({
      default: true,
      description: 'Times and dates of a recording become those of now; false leaves them as they were.',
    }),
    walkMPerS: Type.Number({
      minimum: 0,
      maximum: 50,
      default: 0,
      description: 'Made-up positions go round the place of the farm in a circle of 100 m at this speed.',
    }),
    noFix: Type.Optional(
      Type.Object(
        { everyS: Type.Number({ exclusiveMinimum: 0 }), forS: Type.Number({ exclusiveMinimum: 0 }) },
        { ...closed, description: 'Made-up positions: spells without a fix, such as under trees.' },
      ),
    ),
    faults: Type.Array(GnssFault, { default: [] }),
  },
  { ...closed, description: 'A GNSS receiver on a pseudo-terminal.' },
);
export type GnssConfig = Static<typeof GnssConfig>;
