import { type Static, Type } from 'typebox';

export const OutboxConfig = Type.Object(
  {
    maxBytes: Type.Integer({
      minimum: 1_000_000,
      default: 256_000_000,
      description:
        'Disk for readings that nobody has confirmed; a reading takes about 15. The oldest make room',
    }),
    maxAgeH: Type.Number({
      minimum: 1,
      maximum: 87_600,
      default: 2_160,
      description: 'Hours for which a reading is worth keeping',
    }),
    maxMemoryBytes: Type.Integer({
      minimum: 100_000,
      default: 16_000_000,
      description: 'Memory for readings while the disk cannot be written; a reading takes about 150',
    }),
    syncEveryS: Type.Number({
      minimum: 0.1,
      maximum: 600,
      default: 5,
      description: 'Seconds of readings that a power cut may cost; often is hard on memory cards',
    }),
    confirm: Type.Enum(['host', 'sent'], {
      default: 'host',
      description:
        'What settles a reading: "host", a confirmation that it is stored; "sent", that the connection took it, for hosts that know no ledger',
    }),
    backlogPerS: Type.Number({
      minimum: 1,
      maximum: 1_000_000,
      default: 1_000,
      description: 'Readings of the backlog that are sent in a second, beside those that are new',
    }),
    confirmWithinS: Type.Number({
      minimum: 1,
      maximum: 86_400,
      default: 60,
      description: 'Seconds after which a reading that is not confirmed is sent again',
    }),
    window: Type.Integer({
      minimum: 100,
      maximum: 1_000_000,
      default: 20_000,
      description: 'Readings that may be sent and not yet confirmed; half of them at most from the backlog',
    }),
  },
  { additionalProperties: false, default: {} },
);

export type OutboxConfig = Static<typeof OutboxConfig>;
