import { Type } from 'typebox';
import { seesLink } from '../../../core/access.ts';
import { calculate, calculationText } from '../../../core/links/calculator.ts';
import type { ProbeSpec } from '../../../core/links/link-plan.ts';
import { LINK_CLASSES } from '../../../core/links/measures.ts';
import { parseShare } from '../../../core/links/parse-share.ts';
import { PLAN_STATES } from '../../mesh/mesh-view.ts';
import type { Route } from '../app.ts';
import { entityTag, isKnown } from '../entity-tag.ts';
import { whoAsks } from '../identity.ts';
import { requestInvalid } from '../request-invalid.ts';
import { commonErrors, IfNoneMatch, NoQuery, Unchanged } from '../schemas.ts';

const strict = { additionalProperties: false };
const Words = Type.Object({ en: Type.String(), zh: Type.String() });
const pop = { id: Type.String(), network: Type.String(), name: Words };
const Agent = Type.Object({
  site: Type.String(),
  gateway: Type.String(),
  online: Type.Boolean(),
  plan: Type.Enum([...PLAN_STATES], {
    description:
      'in-force: its last birth names the plan that the mesh has for it; pending: it names another; unknown: it was not heard of, or takes no plans; none: a reflector of somebody else.',
  }),
});

const LinkReply = Type.Object({
  id: Type.String({ description: 'Also the tag `link` of its readings.' }),
  from: Type.Object(pop),
  to: Type.Object(pop),
  class: Type.Enum([...LINK_CLASSES]),
  objective: Type.Object({
    latencyMs: Type.Number(),
    latencyQuantile: Type.Number(),
    loss: Type.Number(),
    confidence: Type.Number(),
  }),
  probes: Type.Array(Type.Unsafe<ProbeSpec>(Type.Object({}, { additionalProperties: true })), {
    description: 'As the plan of the agent has them; verdicts go by the first.',
  }),
  behind: Type.Array(Type.String(), { description: 'site.gateway of gateways that fall silent with it.' }),
  agent: Agent,
});

const MeshReply = Type.Object({
  version: Type.String({ description: 'Changes with the content of the file; empty where none is named.' }),
  recordS: Type.Number(),
  networks: Type.Array(
    Type.Object({ id: Type.String(), name: Words, country: Type.Optional(Type.String()) }),
  ),
  pops: Type.Array(
    Type.Object({
      ...pop,
      addresses: Type.Array(Type.String()),
      country: Type.Optional(Type.String()),
      agent: Agent,
    }),
  ),
  links: Type.Number({ description: 'How many there are; GET /api/v1/links has them.' }),
});

const share = (description: string) => Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description });

const CalculatorQuery = Type.Object(
  {
    loss: Type.String({
      description: 'Loss is to be below this share, 0.0001 % to 50 %: `0.03%` or `0.0003`.',
    }),
    confidence: Type.Optional(
      Type.String({ description: '50 % to 99.99 %: `95%` or `0.95`; 95 % where not given.' }),
    ),
    ratePerS: Type.Optional(
      Type.String({ description: 'Probes per second, 0.001 to 100 000; 1 where not given.' }),
    ),
  },
  strict,
);

const CalculatorReply = Type.Object({
  loss: share('As asked.'),
  confidence: share('As asked.'),
  ratePerS: Type.Number(),
  proofs: Type.Array(
    Type.Object({
      lost: Type.Number({ description: 'With so many probes lost,' }),
      probes: Type.Number({ description: 'so many prove it,' }),
      seconds: Type.Number({ description: 'which takes so long.' }),
    }),
  ),
  ratesPerS: Type.Object(
    { hour: Type.Number(), day: Type.Number(), month: Type.Number() },
    { description: 'Probes per second that prove it without loss in an hour, a day, 30 days.' },
  ),
  text: Words,
});

export const linksRoute: Route = (app, { sources }) => {
  const description = 'To poll, send the `ETag` of the last reply as `If-None-Match`.';
  app.get(
    '/api/v1/links',
    {
      schema: {
        operationId: 'getLinks',
        summary: 'The links of the mesh, what each is held to, and whether its agent is there',
        description,
        querystring: NoQuery,
        headers: IfNoneMatch,
        response: {
          200: Type.Object({ links: Type.Array(LinkReply) }),
          304: Unchanged,
          ...commonErrors,
        },
      },
    },
    async (request, reply) => {
      const who = whoAsks(request);
      const seen = sources.mesh.links().filter(({ id }) => seesLink(who, id));
      const links = seen.map((link) => ({
        ...link,
        probes: [...link.probes],
        behind: [...link.behind],
      }));
      const tag = entityTag(links);
      reply.header('etag', tag);
      if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send(undefined);
      return { links };
    },
  );
  app.get(
    '/api/v1/mesh',
    {
      schema: {
        operationId: 'getMesh',
        summary: 'Points of presence and networks, and how far each agent has come with its plan',
        description,
        querystring: NoQuery,
        headers: IfNoneMatch,
        response: { 200: MeshReply, 304: Unchanged, ...commonErrors },
      },
    },
    async (request, reply) => {
      const { networks, pops, ...rest } = sources.mesh.mesh();
      const who = whoAsks(request);
      const seen = sources.mesh.links().filter(({ id }) => seesLink(who, id));
      const isWhole = who.links === 'all';
      const ends = new Set(seen.flatMap(({ from, to }) => [from.id, to.id]));
      const seenPops = pops.filter(({ id }) => isWhole || ends.has(id));
      const seenNetworks = new Set(seenPops.map(({ network }) => network));
      const mesh = {
        ...{ ...rest, links: isWhole ? rest.links : seen.length },
        networks: networks.filter(({ id }) => isWhole || seenNetworks.has(id)),
        pops: seenPops.map((one) => ({ ...one, addresses: [...one.addresses] })),
      };
      const tag = entityTag(mesh);
      reply.header('etag', tag);
      if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send(undefined);
      return mesh;
    },
  );
  app.get(
    '/api/v1/links/calculator',
    {
      schema: {
        operationId: 'getLinkCalculation',
        summary: 'How many probes, and so what rate and how long, prove that loss is below an objective',
        querystring: CalculatorQuery,
        response: { 200: CalculatorReply, ...commonErrors },
      },
    },
    async ({ query }) => {
      const loss = within('loss', parseShare(query.loss), 1e-6, 0.5);
      const confidence = within('confidence', parseShare(query.confidence ?? '0.95'), 0.5, 0.9999);
      const ratePerS = within('ratePerS', Number(query.ratePerS ?? '1'), 0.001, 100_000);
      const { proofs, ...calculation } = calculate(loss, confidence, ratePerS);
      return { ...calculation, proofs: [...proofs], text: calculationText({ ...calculation, proofs }) };
    },
  );
};

function within(field: string, value: number | undefined, least: number, most: number): number {
  if (value !== undefined && value >= least && value <= most) return value;
  throw requestInvalid(field, {
    en: `must be from ${least} to ${most}`,
    zh: `必须在 ${least} 至 ${most} 之间`,
  });
}
