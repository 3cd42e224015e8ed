import { type Static, Type } from 'typebox';

export const AlertsConfig = Type.Object(
  {
    everyS: Type.Integer({
      minimum: 1,
      maximum: 60,
      default: 5,
      description: 'How often it is looked at what is wrong',
    }),
    silentAfterS: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description: 'How long a gateway may be away until it counts as silent',
    }),
    outageAfterS: Type.Integer({
      minimum: 1,
      maximum: 3_600,
      default: 10,
      description:
        'How long a link must have answered nothing, at the end of its newest record, until it counts as down',
    }),
    settleS: Type.Integer({
      minimum: 0,
      maximum: 600,
      default: 20,
      description:
        'How long the evidence of neighbours is waited for before what is wrong with a link is told',
    }),
    joinS: Type.Integer({
      minimum: 0,
      maximum: 3_600,
      default: 180,
      description:
        'How long a silent gateway waits for the link that may be the cause, and for coming back after that link has',
    }),
    keepDays: Type.Integer({
      minimum: 1,
      maximum: 36_500,
      default: 400,
      description: 'How long events that have ended are kept',
    }),
    most: Type.Integer({
      minimum: 1_000,
      maximum: 10_000_000,
      default: 100_000,
      description: 'Events kept at most; the first that were raised and have ended go first',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type AlertsConfig = Static<typeof AlertsConfig>;
