import { type Static, Type } from 'typebox';

export const CommandsConfig = Type.Object(
  {
    maxLeaseS: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 14_400,
      description: 'Longest lease that may be asked for here; a gateway may allow less',
    }),
    keepDays: Type.Integer({
      minimum: 1,
      maximum: 36_500,
      default: 400,
      description: 'How long commands and what became of them are kept',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type CommandsConfig = Static<typeof CommandsConfig>;
