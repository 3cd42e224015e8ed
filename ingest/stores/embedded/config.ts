import { type Static, Type } from 'typebox';

export const EmbeddedConfig = Type.Object(
  { kind: Type.Literal('embedded') },
  { additionalProperties: false, description: 'Readings in a file of the data folder; nothing to install.' },
);
export type EmbeddedConfig = Static<typeof EmbeddedConfig>;
