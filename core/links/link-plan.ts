import { type Static, type TSchema, Type } from 'typebox';
import { ID_PATTERN } from '../ids.ts';
import { LINK_CLASSES, type ProbeKind } from './measures.ts';

/** The text metric of the NCMD by which the host hands an agent its part of the mesh: `LinkPlan` as JSON. */
export const PLAN_METRIC = 'Links/Plan';
/** The text metric of an agent's NBIRTH: the `version` of the plan that it goes by, empty where it has none. */
export const PLAN_VERSION_METRIC = 'Links/Plan version';

export const MOST_LINKS_OF_AGENT = 5_000;

/** Of a link by the kind of probe: what an agent sends for it, the record among them. Each is a series of the store. */
export const SERIES_OF_PROBE: Readonly<Record<ProbeKind, number>> = {
  stamp: 22,
  icmp: 15,
  tcp: 13,
  http: 13,
};

const timeoutMs = Type.Integer({
  minimum: 10,
  maximum: 30_000,
  default: 2_000,
  description: 'An answer after this is late, and counts as loss, ms',
});
const address = Type.String({ minLength: 1, maxLength: 253, description: 'IPv4 or IPv6 address, or a name' });
const port = Type.Integer({ minimum: 1, maximum: 65_535, description: 'TCP port that is connected to' });
const dscp = Type.Integer({
  minimum: 0,
  maximum: 63,
  default: 0,
  description: 'Differentiated services code point',
});

export const StampProbe = Type.Object(
  {
    kind: Type.Literal('stamp'),
    address,
    port: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 862,
      description: 'UDP port of the reflector',
    }),
    ratePerS: Type.Number({
      minimum: 0.01,
      maximum: 1_000,
      default: 1,
      description: 'Probes per second, over all source ports',
    }),
    spacing: Type.Enum(['poisson', 'periodic'], {
      default: 'poisson',
      description: 'Random spacing sees what happens at regular times too (RFC 2330); periodic suits jitter',
    }),
    timeoutMs,
    dscp,
    sizeBytes: Type.Integer({
      minimum: 44,
      maximum: 8_972,
      default: 44,
      description: 'UDP payload of a probe, B',
    }),
    sourcePorts: Type.Array(Type.Integer({ minimum: 0, maximum: 65_535 }), {
      minItems: 1,
      maxItems: 64,
      default: [0],
      uniqueItems: true,
      description: 'Each takes its own of several equal-cost paths; 0 lets the system choose one',
    }),
    timestamps: Type.Enum(['ntp', 'ptp'], { default: 'ntp', description: 'Format of the timestamps sent' }),
    reflector: Type.Enum(['stateful', 'stateless'], {
      default: 'stateless',
      description: 'A stateful reflector counts by itself, and so shows in which direction a probe was lost',
    }),
  },
  { additionalProperties: false },
);

export const IcmpProbe = Type.Object(
  {
    kind: Type.Literal('icmp'),
    address,
    everyMs: Type.Integer({
      minimum: 100,
      maximum: 3_600_000,
      default: 1_000,
      description: 'ms between echo requests',
    }),
    timeoutMs,
    dscp,
    sizeBytes: Type.Integer({
      minimum: 12,
      maximum: 65_488,
      default: 56,
      description: 'Data of an echo request, B',
    }),
  },
  { additionalProperties: false },
);

export const TcpProbe = Type.Object(
  {
    kind: Type.Literal('tcp'),
    address,
    port,
    everyMs: Type.Integer({
      minimum: 100,
      maximum: 3_600_000,
      default: 10_000,
      description: 'ms between connections',
    }),
    timeoutMs,
  },
  { additionalProperties: false },
);

export const HttpProbe = Type.Object(
  {
    kind: Type.Literal('http'),
    url: Type.String({
      // A host and what may follow it: whoever sees the mesh sees what stands before an @.
      pattern: '^https?://[^\\s/?#@\\\\]+([/?#][^\\s\\\\]*)?$',
      maxLength: 2_000,
      description: 'What is asked for; no credentials in it',
    }),
    everyMs: Type.Integer({
      minimum: 1_000,
      maximum: 3_600_000,
      default: 60_000,
      description: 'ms between requests',
    }),
    timeoutMs,
  },
  { additionalProperties: false },
);

/** A probe by its kind: settings and schema. */
export const PROBE_SPECS = { stamp: StampProbe, icmp: IcmpProbe, tcp: TcpProbe, http: HttpProbe } as const;

export type StampProbe = Static<typeof StampProbe>;
export type IcmpProbe = Static<typeof IcmpProbe>;
export type TcpProbe = Static<typeof TcpProbe>;
export type HttpProbe = Static<typeof HttpProbe>;
export type ProbeSpec = StampProbe | IcmpProbe | TcpProbe | HttpProbe;

/** Ajv fills in defaults under `oneOf` only where `kind` tells it the branch. */
export const ProbeSpec = Type.Unsafe<ProbeSpec>({
  type: 'object',
  discriminator: { propertyName: 'kind' },
  oneOf: Object.values(PROBE_SPECS) as TSchema[],
});

/** A directed link as its agent measures it: from where the agent is, to `to`. Each kind of probe at most once. */
export const PlannedLink = Type.Object(
  {
    link: Type.String({
      pattern: ID_PATTERN,
      description: 'Id of the link; also the device that its readings come from',
    }),
    class: Type.Enum([...LINK_CLASSES], { description: 'Class of the link, which says what it is held to' }),
    to: Type.String({ pattern: ID_PATTERN, description: 'The point that is probed' }),
    probes: Type.Array(ProbeSpec, { minItems: 1, maxItems: 4, description: 'How it is probed' }),
  },
  { additionalProperties: false },
);
export type PlannedLink = Static<typeof PlannedLink>;

/** What one agent is to measure. Agents keep it on their disk, and go by it when the host is away. */
export const LinkPlan = Type.Object(
  {
    version: Type.String({
      pattern: '^[0-9a-f]{16}$',
      description: 'Of its content; the same plan has the same version everywhere',
    }),
    recordS: Type.Integer({
      minimum: 1,
      maximum: 300,
      description: 'Seconds of one record of evidence; divides an hour',
    }),
    links: Type.Array(PlannedLink, { maxItems: MOST_LINKS_OF_AGENT }),
    /** Who may use this agent's reflector: addresses of the points that probe it. */
    reflectTo: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 2 * MOST_LINKS_OF_AGENT }),
  },
  { additionalProperties: false },
);
export type LinkPlan = Static<typeof LinkPlan>;
