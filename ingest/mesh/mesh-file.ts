import { type Static, type TObject, Type } from 'typebox';
import { ID_PATTERN } from '../../core/ids.ts';
import { PROBE_SPECS, type ProbeSpec } from '../../core/links/link-plan.ts';
import { LINK_CLASSES, PROBE_KINDS, type ProbeKind } from '../../core/links/measures.ts';
import type { Objective } from '../../core/links/mesh.ts';

const strict = { additionalProperties: false };

/** In all agents together: a matrix of 223 by 223. */
export const MOST_LINKS = 50_000;
const MOST_POPS = 5_000;

const id = (description: string) => Type.String({ pattern: ID_PATTERN, description });
const country = Type.Optional(
  Type.String({
    pattern: '^[A-Z]{2}$',
    description: 'Two letters (ISO 3166): links between two countries are international',
  }),
);
const words = Type.Optional(
  Type.Object(
    {
      en: Type.String({ minLength: 1, maxLength: 64, description: 'English' }),
      zh: Type.String({ minLength: 1, maxLength: 64, description: '中文' }),
    },
    { ...strict, description: 'For people; without it, the id' },
  ),
);

/** What is set of a probe at one level; the rest comes from the level around it. */
export type ProbeWish = { readonly kind: ProbeKind } & Partial<Omit<ProbeSpec, 'kind' | 'address'>>;

/** As the probe of a plan, but for the address, which is that of the far end; nothing must be set, and nothing is filled in. */
function wishSchema(kind: ProbeKind): object {
  const { properties } = PROBE_SPECS[kind] as TObject;
  const settings = Object.entries(properties)
    .filter(([key]) => key !== 'kind' && key !== 'address')
    .map(([key, { default: _filledInLater, ...schema }]: [string, { default?: unknown }]) => [key, schema]);
  return {
    type: 'object',
    properties: { kind: { const: kind }, ...Object.fromEntries(settings) },
    required: ['kind'],
    ...strict,
  };
}

const probes = Type.Optional(
  Type.Array(
    Type.Unsafe<ProbeWish>({
      type: 'object',
      discriminator: { propertyName: 'kind' },
      oneOf: PROBE_KINDS.map(wishSchema),
    }),
    {
      minItems: 1,
      maxItems: PROBE_KINDS.length,
      description:
        'How links are probed; verdicts go by the first. What one leaves out, it takes from the same kind further out (link, mesh, class, file)',
    },
  ),
);

const objective = Type.Optional(
  Type.Unsafe<Partial<Objective>>(
    Type.Object(
      {
        latencyMs: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            maximum: 60_000,
            description: 'The quantile of the round trips is to be below this, ms',
          }),
        ),
        latencyQuantile: Type.Optional(
          Type.Number({
            minimum: 0.5,
            maximum: 0.9999,
            description: 'Which quantile: 0.95 leaves one in twenty out of account',
          }),
        ),
        loss: Type.Optional(
          Type.Number({
            exclusiveMinimum: 0,
            exclusiveMaximum: 1,
            description: 'The share of probes lost or late is to be below this; 0.003 is 0.3 %',
          }),
        ),
        confidence: Type.Optional(
          Type.Number({ minimum: 0.5, maximum: 0.9999, description: 'How sure a verdict must be' }),
        ),
      },
      { ...strict, description: 'What links are held to; what is left out comes from the class' },
    ),
  ),
);

const family = Type.Optional(
  Type.Unsafe<4 | 6 | 'both'>({
    enum: [4, 6, 'both'],
    description:
      'IP version; `both` makes two links, the second with _v6 in its id. Without it: IPv4 where both ends have it, otherwise IPv6',
  }),
);

const Network = Type.Object({ name: words, country }, { ...strict, description: 'Without settings: {}' });

const PopEntry = Type.Object(
  {
    network: id('The network that it belongs to, one of `networks`'),
    site: Type.Optional(id('Site of its agent; without it, that of the file')),
    gateway: Type.Optional(id('Gateway id of its agent; without it, the id of the point')),
    address4: Type.Optional(Type.String({ maxLength: 15, description: 'IPv4 address that is probed' })),
    address6: Type.Optional(Type.String({ maxLength: 45, description: 'IPv6 address that is probed' })),
    sources: Type.Optional(
      Type.Array(Type.String({ maxLength: 45 }), {
        maxItems: 16,
        description:
          'Addresses that others see its probes come from, where those are not the addresses above (several interfaces, NAT)',
      }),
    ),
    reflectorPort: Type.Integer({
      minimum: 1,
      maximum: 65_535,
      default: 862,
      description: 'UDP port of its STAMP reflector; 8620 where it may not take 862',
    }),
    agent: Type.Boolean({
      default: true,
      description: 'false: a reflector of somebody else. It is probed, and no link begins here',
    }),
    country,
    name: words,
  },
  strict,
);

const MeshEntry = Type.Object(
  {
    pops: Type.Optional(
      Type.Array(id('A point of presence'), {
        ...{ minItems: 1, maxItems: MOST_POPS, uniqueItems: true },
        description: 'Points of presence that are all linked with each other',
      }),
    ),
    networks: Type.Optional(
      Type.Array(id('All points of this network'), {
        minItems: 1,
        maxItems: 1_000,
        uniqueItems: true,
        description: 'With neither `pops` nor `networks`: all points',
      }),
    ),
    except: Type.Array(
      Type.Array(id('A point of presence'), { minItems: 1, maxItems: 2, uniqueItems: true }),
      {
        maxItems: 10_000,
        default: [],
        description: 'Two points: no link between them. One point: none of its links',
      },
    ),
    family,
    probes,
  },
  { ...strict, description: 'A link from each of the points to each other one' },
);

const LinkEntry = Type.Object(
  {
    from: id('The point that probes'),
    to: id('The point that is probed'),
    id: Type.Optional(
      id('Without it, <from>_<to>. It is the device id at the agent: another id is another history'),
    ),
    class: Type.Optional(
      Type.Enum([...LINK_CLASSES], { description: 'Where it is not what networks and countries say' }),
    ),
    family,
    probes,
    objective,
    behind: Type.Array(
      Type.String({
        pattern: '^[A-Za-z0-9_-]{1,64}\\.[A-Za-z0-9_-]{1,64}$',
        description: 'site.gateway',
      }),
      {
        maxItems: 1_000,
        default: [],
        uniqueItems: true,
        description: 'Gateways whose way to this host is the link: they fall silent with it',
      },
    ),
  },
  { ...strict, description: 'A link of its own, or what is special about one that a mesh makes' },
);

const ClassEntry = Type.Object({ objective, probes }, strict);
const named = { ...strict, default: {} };

/** The file that `mesh` in the settings of ingest names. */
export const MeshFile = Type.Object(
  {
    site: id('Site of the agents that name none themselves'),
    recordS: Type.Integer({
      minimum: 1,
      maximum: 300,
      default: 60,
      description: 'Seconds of one record of evidence; divides an hour',
    }),
    probes,
    classes: Type.Object(
      {
        intra: Type.Optional(ClassEntry),
        inter: Type.Optional(ClassEntry),
        international: Type.Optional(ClassEntry),
      },
      { ...named, description: 'Settings and objectives of all links of a class' },
    ),
    networks: Type.Record(Type.String({ pattern: ID_PATTERN }), Network, {
      ...named,
      description: 'By their ids',
    }),
    pops: Type.Record(Type.String({ pattern: ID_PATTERN }), PopEntry, {
      ...named,
      maxProperties: MOST_POPS,
      description: 'Points of presence by their ids',
    }),
    meshes: Type.Array(MeshEntry, { maxItems: 1_000, default: [], description: 'Full meshes' }),
    links: Type.Array(LinkEntry, { maxItems: MOST_LINKS, default: [], description: 'Single links' }),
  },
  strict,
);
export type MeshFile = Static<typeof MeshFile>;
export type PopEntry = Static<typeof PopEntry>;
export type MeshEntry = Static<typeof MeshEntry>;
export type LinkEntry = Static<typeof LinkEntry>;
