import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';

export const SystemConfig = Type.Object(
  {
    driver: Type.Literal('system'),
    id: Type.String({
      pattern: ID_PATTERN,
      default: 'system',
      description: 'Name, unique among the drivers',
    }),
    everyMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 30_000,
      description: 'How often the machine is looked at',
    }),
  },
  { additionalProperties: false },
);

export type SystemConfig = Static<typeof SystemConfig>;
