import { type Static, Type } from 'typebox';

const strict = { additionalProperties: false };
const days = (description: string) => Type.Integer({ minimum: 0, maximum: 36_500, description });

const RAW = 'Days for which readings are kept as they came; 0 keeps them for ever';
const MINUTE = 'Days for which roll-ups of a minute are kept, at least as long as readings; 0 for ever';
const HOUR = 'Days for which roll-ups of an hour are kept, at least as long as minutes; 0 for ever';

/**
 * Everything is kept unless its owner says otherwise: a full disk is seen and can be mended, what was deleted cannot, and
 * in an InfluxDB there may be what others have written for years. Measured in the embedded store: about 1 byte a reading, 1.25 a minute of a series. 2 000 series with a reading every
 * 10 s are 17 million readings a day: 400 days of them about 7 GB, five years of minutes as much (docs/retention.md).
 */
export const RetentionConfig = Type.Object(
  {
    rawDays: Type.Integer({ ...days(RAW), default: 0 }),
    minuteDays: Type.Integer({ ...days(MINUTE), default: 0 }),
    hourDays: Type.Integer({ ...days(HOUR), default: 0 }),
    measurements: Type.Record(
      Type.String({ minLength: 1 }),
      Type.Object(
        {
          rawDays: Type.Optional(days(RAW)),
          minuteDays: Type.Optional(days(MINUTE)),
          hourDays: Type.Optional(days(HOUR)),
        },
        strict,
      ),
      {
        default: {},
        description:
          'Other times for single measurements, such as soil, by their name. Readings of link, which are evidence, are deleted only where they have a rawDays of their own here',
      },
    ),
  },
  { ...strict, description: 'For how long readings and their roll-ups are kept' },
);
export type RetentionConfig = Static<typeof RetentionConfig>;
