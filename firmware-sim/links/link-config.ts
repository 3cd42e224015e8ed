import { isIP } from 'node:net';
import { type Static, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';

const closed = { additionalProperties: false } as const;
const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description });
const LONGEST_MS = 10_000;

export const Jitter = Type.Object(
  {
    shape: Type.Enum(['uniform', 'normal', 'heavy-tail'], {
      description:
        'uniform: 0 to ms are added. normal: ms is the standard deviation, and nothing is faster than no delay. heavy-tail: ms are added at the mean, 9 times that and more to one in a hundred.',
    }),
    ms: Type.Number({ minimum: 0, maximum: LONGEST_MS }),
  },
  closed,
);

export const Impairment = Type.Object(
  {
    delayMs: Type.Number({ minimum: 0, maximum: LONGEST_MS, default: 0 }),
    jitter: Type.Optional(Jitter),
    loss: Type.Object(
      {
        share: share('Of the packets, at the mean.'),
        meanBurst: Type.Optional(
          Type.Number({
            minimum: 1,
            maximum: 10_000,
            description:
              'Packets lost one after the other, at the mean (Gilbert–Elliott); left out, each is lost by itself.',
          }),
        ),
      },
      { ...closed, default: { share: 0 } },
    ),
    duplicateShare: Type.Number({
      minimum: 0,
      maximum: 1,
      default: 0,
      description: 'Of the packets that are not lost; the copy has a jitter of its own.',
    }),
    reorder: Type.Optional(
      Type.Object(
        {
          share: share('Of the packets that are not lost.'),
          byMs: Type.Number({
            exclusiveMinimum: 0,
            maximum: LONGEST_MS,
            description: 'How much longer they take than the others, which overtake them meanwhile.',
          }),
        },
        closed,
      ),
    ),
  },
  { ...closed, description: 'What befalls the packets of one direction.' },
);

const orNone = Type.Object(Impairment.properties, { ...closed, default: {} });

const endpoint = (minimumPort: number, description: string) =>
  Type.Object(
    {
      address: Type.String({ default: '127.0.0.1', description: 'IPv4 or IPv6 address, no name.' }),
      port: Type.Integer({ minimum: minimumPort, maximum: 65_535 }),
    },
    { ...closed, description },
  );

export const LinkConfig = Type.Object(
  {
    id: Type.String({ pattern: ID_PATTERN }),
    listen: endpoint(
      0,
      'Where senders find the link; port 0 lets the system choose, and the state tells it.',
    ),
    to: endpoint(1, 'The reflector, or whoever else answers.'),
    there: orNone,
    back: orNone,
    isDown: Type.Boolean({ default: false, description: 'All packets are lost, in both directions.' }),
  },
  closed,
);

export const LinkChange = Type.Object(
  {
    there: Type.Optional(Impairment),
    back: Type.Optional(Impairment),
    isDown: Type.Optional(Type.Boolean()),
  },
  { ...closed, minProperties: 1 },
);

export type Impairment = Static<typeof Impairment>;
export type LinkConfig = Static<typeof LinkConfig>;
/** Each part replaces what was there; what is left out stays. */
export type LinkChange = Static<typeof LinkChange>;

/** What no schema can see, a line each. */
export function linkProblems({ id, listen, to, ...link }: LinkConfig): string[] {
  return [
    ...Object.entries({ listen, to }).flatMap(([key, { address }]) =>
      isIP(address) === 0 ? [`link ${id}: ${key}: "${address}" is no IPv4 or IPv6 address`] : [],
    ),
    ...changeProblems(id, link),
  ];
}

export function changeProblems(id: string, { there, back }: LinkChange): string[] {
  return Object.entries({ there, back }).flatMap(([key, impairment]) => {
    const { share = 0, meanBurst } = impairment?.loss ?? {};
    if (meanBurst === undefined || share === 1) return [];
    // Between two bursts stands one packet at least.
    const most = meanBurst / (meanBurst + 1);
    if (share <= most) return [];
    const words = `bursts of ${meanBurst} packets at the mean cannot lose more than ${(100 * most).toFixed(1)} %`;
    return [`link ${id}: ${key}: loss: ${words}`];
  });
}
