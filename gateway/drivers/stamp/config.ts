import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../../core/ids.ts';

export const StampReflectorConfig = Type.Object(
  {
    driver: Type.Literal('stamp-reflector'),
    id: Type.String({
      pattern: ID_PATTERN,
      default: 'reflector',
      description: 'Name of the reflector, unique among the drivers',
    }),
    listen: Type.Array(Type.String({ minLength: 2, maxLength: 64 }), {
      minItems: 1,
      maxItems: 16,
      uniqueItems: true,
      default: ['127.0.0.1'],
      description: 'IPv4 and IPv6 addresses to answer on; each answers from itself',
    }),
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 862,
      description: 'UDP port; 862 needs a privilege (CAP_NET_BIND_SERVICE), 8620 does not',
    }),
    allow: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 64 }), {
        maxItems: 1_000,
        description:
          'Who is answered: addresses and prefixes (10.20.0.0/16), besides those of the plan of a mesh; [] for only those; [any] for everybody. Needed where others than this machine can reach it',
      }),
    ),
    counting: Type.Enum(['stateless', 'stateful'], {
      default: 'stateless',
      description:
        'stateful: answers are numbered per session, so that the sender sees in which direction a probe was lost',
    }),
    timestamps: Type.Enum(['same', 'ntp', 'ptp'], {
      default: 'same',
      description: 'Format of the timestamps in answers; same: as the sender has it',
    }),
    dscp: Type.Optional(
      Type.Integer({
        minimum: 0,
        maximum: 63,
        description: 'Of answers; left out, an answer has that of the probe, and so is in the same class',
      }),
    ),
    maxSessions: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 10_000,
      description:
        'Sources, and sessions (address and port) of a stateful reflector, that it keeps in mind at a time; more are not answered',
    }),
    idleS: Type.Integer({
      minimum: 1,
      maximum: 86_400,
      default: 900,
      description: 'A session that is silent for so long is over, and its numbers start anew',
    }),
    ratePerS: Type.Integer({
      minimum: 1,
      maximum: 100_000,
      default: 5_000,
      description: 'Answers to one source address per second, and as many at once',
    }),
  },
  { additionalProperties: false },
);

export type StampReflectorConfig = Static<typeof StampReflectorConfig>;
