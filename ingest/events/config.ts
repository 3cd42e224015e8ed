import { type Static, Type } from 'typebox';

export const EventsConfig = Type.Object(
  {
    keepDays: Type.Integer({
      minimum: 1,
      maximum: 36_500,
      default: 400,
      description: 'How long what gateways told beside readings is kept, by its own time',
    }),
    most: Type.Integer({
      minimum: 1_000,
      maximum: 100_000_000,
      default: 1_000_000,
      description: 'Events kept at most; the first that came go first',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type EventsConfig = Static<typeof EventsConfig>;
