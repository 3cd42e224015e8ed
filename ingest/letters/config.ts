import { type Static, Type } from 'typebox';

export const LettersConfig = Type.Object(
  {
    maxMb: Type.Number({
      minimum: 1,
      maximum: 100_000,
      default: 64,
      description:
        'Megabytes of what was refused for good that are kept on disk; the first that came go first',
    }),
    keepDays: Type.Integer({
      minimum: 1,
      maximum: 36_500,
      default: 90,
      description: 'How long what was refused is kept, by when it came',
    }),
    perMinute: Type.Integer({
      minimum: 1,
      maximum: 10_000,
      default: 30,
      description:
        'Of one gateway and one reason, so many in a minute are kept; of those beyond only the number, and they cannot be replayed',
    }),
    maxPayloadBytes: Type.Integer({
      minimum: 0,
      maximum: 1_048_576,
      default: 16_384,
      description: 'Bytes kept of a message that cannot be read',
    }),
  },
  { additionalProperties: false, default: {} },
);
export type LettersConfig = Static<typeof LettersConfig>;
