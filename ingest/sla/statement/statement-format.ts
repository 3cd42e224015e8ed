import { type Static, Type } from 'typebox';
import { LINK_CLASSES, PROBE_KINDS } from '../../../core/links/measures.ts';

/**
 * What a statement holds, all of which is signed. Whoever reads it needs nothing else to come to the same figures: `figures` can be
 * made anew from the rest (`figures-of.ts`), and verification does so. Times are UTC in ms since 1970, and a time from … to holds its start
 * and not its end; latencies are in ms, shares from 0 to 1.
 */
export const STATEMENT_FORMAT = 'sluice-link-statement/1';

const closed = { additionalProperties: false };
const Count = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER });
const Ms = Type.Integer({ minimum: 0, maximum: 8.64e15 });
const Name = Type.String({ maxLength: 200 });
const Text = Type.String({ maxLength: 2_000 });
const Words = Type.Object({ en: Name, zh: Name }, closed);
const Histogram = Type.String({ maxLength: 60_000, pattern: '^[A-Za-z0-9+/]*={0,2}$' });

const StatedEnd = Type.Object({ pop: Name, network: Name, site: Name, gateway: Name, name: Words }, closed);

const StatedObjective = Type.Object(
  {
    latencyMs: Type.Number({ exclusiveMinimum: 0 }),
    latencyQuantile: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    loss: Type.Number({ exclusiveMinimum: 0, maximum: 1 }),
    confidence: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1 }),
  },
  closed,
);

/** Some time that somebody has taken out of the verdict, or had, until it was withdrawn. */
const StatedExclusion = Type.Object(
  {
    id: Name,
    fromMs: Ms,
    toMs: Ms,
    by: Name,
    reason: Text,
    /** When it was entered. After `fromMs` it is retroactive: whoever entered it could know what it takes out. */
    enteredMs: Ms,
    withdrawn: Type.Optional(Type.Object({ ms: Ms, by: Name }, closed)),
  },
  closed,
);
export type StatedExclusion = Static<typeof StatedExclusion>;

const StatedAccount = Type.Object(
  {
    ...{ scheduled: Count, received: Count, lost: Count, late: Count },
    ...{ notSent: Count, invalid: Count, excluded: Count },
  },
  closed,
);

/** The records of a block as columns: a month has 43 200 of a minute, and intervals of loss that comes in bursts need each. */
const StatedRecords = Type.Object(
  {
    /** When they were, as runs of records that adjoin and last equally: start less `fromMs` of the block, how long each lasts, how many. */
    runs: Type.Array(Type.Tuple([Count, Count, Count])),
    received: Type.Array(Count),
    /** Lost or late. */
    lost: Type.Array(Count),
    /** Not sent or invalid: they say nothing of the link. */
    useless: Type.Array(Count),
  },
  closed,
);

/** An hour, or what is left of it at the edge of the month, a day, or an exclusion. */
const StatedBlock = Type.Object(
  {
    fromMs: Ms,
    toMs: Ms,
    /** As the agent counted, with nothing taken out. */
    account: StatedAccount,
    invalidBy: Type.Object({ stall: Count, clockStep: Count, socket: Count }, closed),
    /** Each record of it, in order of time. */
    records: StatedRecords,
    /** `LatencyHistogram` as base64; none where it is empty. */
    histograms: Type.Object(
      {
        roundTrip: Type.Optional(Histogram),
        forward: Type.Optional(Histogram),
        back: Type.Optional(Histogram),
        variation: Type.Optional(Histogram),
      },
      closed,
    ),
    duplicates: Count,
    reordered: Count,
    lostForward: Count,
    lostReturn: Count,
    kernelStamped: Count,
    pathChanges: Count,
    oneWayErrorMs: Type.Number({ minimum: 0 }),
    jitterMs: Type.Number({ minimum: 0 }),
    /** Ids of the exclusions by which all of it is out of the verdict. */
    excludedBy: Type.Optional(Type.Array(Name, { minItems: 1 })),
  },
  closed,
);
export type StatedBlock = Static<typeof StatedBlock>;

const StatedGap = Type.Object({ fromMs: Ms, toMs: Ms, probes: Count }, closed);
export type StatedGap = Static<typeof StatedGap>;

const StatedProbe = Type.Object(
  {
    kind: Type.Enum([...PROBE_KINDS]),
    blocks: Type.Array(StatedBlock, { maxItems: 20_000 }),
    /** Probes lost one after the other, three at least. */
    gaps: Type.Array(StatedGap),
    /** Records that overlap one before them, which those of one agent cannot: they are in nothing here. */
    leftOut: Count,
    /** What follows from the above. */
    figures: Type.Unknown(),
  },
  closed,
);
export type StatedProbe = Static<typeof StatedProbe>;

export const StatedLink = Type.Object(
  {
    id: Name,
    class: Type.Enum([...LINK_CLASSES]),
    from: StatedEnd,
    to: StatedEnd,
    objective: StatedObjective,
    exclusions: Type.Array(StatedExclusion),
    /** The first is the one that the verdict goes by. */
    probes: Type.Array(StatedProbe, { minItems: 1, maxItems: 4 }),
  },
  closed,
);
export type StatedLink = Static<typeof StatedLink>;

const StatedPeriod = Type.Object(
  {
    month: Type.String({ pattern: '^\\d{4}-\\d\\d$' }),
    zone: Name,
    fromMs: Ms,
    toMs: Ms,
    /** Where the days of the month begin in its zone, and the month's end. */
    edgesMs: Type.Array(Ms, { minItems: 29, maxItems: 32 }),
    /** Whether the month had not ended when the statement was made: then it holds what was there until `toMs` or `madeAtMs`. */
    provisional: Type.Boolean(),
  },
  closed,
);
export type StatedPeriod = Static<typeof StatedPeriod>;

export const Statement = Type.Object(
  {
    format: Type.Literal(STATEMENT_FORMAT),
    issuer: Type.Object(
      {
        /** The host that made it, and the version of its program. */
        host: Name,
        program: Name,
        publicKey: Type.String({ maxLength: 100 }),
        fingerprint: Type.String({ maxLength: 100 }),
      },
      closed,
    ),
    madeAtMs: Ms,
    period: StatedPeriod,
    links: Type.Array(StatedLink, { minItems: 1 }),
  },
  closed,
);
export type Statement = Static<typeof Statement>;

/** Of the head of a file, whose links are read one after the other. */
export const StatementHead = Type.Object(
  { ...Statement.properties, links: Type.Array(Type.Unknown()) },
  closed,
);
