import { type Static, type TSchema, Type } from 'typebox';
import { type Scope, seesLink } from '../../../core/access.ts';
import { ID_PATTERN } from '../../../core/ids.ts';
import { type Account, type InvalidBy, LINK_CLASSES, PROBE_KINDS } from '../../../core/links/measures.ts';
import {
  type PartJudgement,
  type ShareJudgement,
  VERDICTS,
} from '../../../core/links/statistics/judge-share.ts';
import { type Direction, directionsOf, type Figures } from '../../sla/verdict/figures.ts';
import type { LinkName } from '../../sla/verdict/link-name.ts';
import type { ProbeVerdict } from '../../sla/verdict/verdict-desk.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseDuration } from '../parse-duration.ts';
import { parseRange, rangeQuery } from '../parse-range.ts';
import { assertLinks } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { errorRef, storeErrors, TimeMs } from '../schemas.ts';
import { MaintenanceReply, shownWindow } from './maintenance.ts';

const strict = { additionalProperties: false };
const HOUR_MS = 3_600_000;
const MOST_POINTS = 5_000;

const orNull = <T extends TSchema>(schema: T) => Type.Union([schema, Type.Null()]);
const Share = Type.Number({ minimum: 0, maximum: 1 });
const Count = Type.Number();
const counts = <K extends string>(...keys: K[]) =>
  Type.Object(Object.fromEntries(keys.map((key) => [key, Count])) as Record<K, typeof Count>);
const AccountReply = counts('scheduled', 'received', 'lost', 'late', 'notSent', 'invalid', 'excluded');
const InvalidReply = counts('stall', 'clockStep', 'socket');
const Bounds = Type.Object(
  { lower: Share, upper: Share },
  { description: 'Each is one-sided and holds with the confidence.' },
);
const VerdictName = orNull(
  Type.Enum([...VERDICTS], {
    description: 'pass, breach, or insufficient evidence for either; null without an objective.',
  }),
);
const Percentiles = Type.Object(
  {
    count: Count,
    p50: orNull(Type.Number()),
    p95: orNull(Type.Number()),
    p99: orNull(Type.Number()),
    'p99.9': orNull(Type.Number()),
  },
  { description: 'ms, within 1 %.' },
);
const Judgement = Type.Object({
  verdict: VerdictName,
  limit: orNull(Type.Number({ description: 'The share is to be below this.' })),
  confidence: Type.Number(),
  samples: Type.Number({ description: 'Probes that it is judged by.' }),
  bad: Type.Object(
    { least: Count, most: Count },
    { description: 'They differ by what a histogram does not know: the bucket of the limit.' },
  ),
  share: orNull(Share),
  bounds: Bounds,
  independent: Bounds,
  bursts: Type.Object({
    lower: Share,
    upper: Share,
    designEffect: Type.Number({ description: 'How many times fewer independent probes would say as much.' }),
  }),
});
const DirectionReply = Type.Object(
  {
    ...Type.Pick(Judgement, ['verdict', 'samples', 'share', 'bounds']).properties,
    bad: Type.Object(
      { least: Count, most: Count },
      { description: 'They differ by the lost of which nothing tells the way, and the late.' },
    ),
    latency: Percentiles,
  },
  {
    description:
      'The losses of one way alone, held to the limit of both ways; times where both clocks are synchronised.',
  },
);
const FiguresReply = Type.Object({
  verdict: VerdictName,
  loss: Judgement,
  latency: orNull(Type.Object({ ...Judgement.properties, limitMs: Type.Number(), quantile: Type.Number() })),
  account: AccountReply,
  invalidBy: InvalidReply,
  records: Count,
  roundTrip: Percentiles,
  variation: Percentiles,
  jitterMs: Type.Number(),
  forward: DirectionReply,
  back: DirectionReply,
  oneWayErrorMs: orNull(Type.Number({ description: 'Largest error that the one-way times may have, ms.' })),
  duplicates: Count,
  reordered: Count,
  kernelStamped: Count,
  pathChanges: Count,
});
const CoverageReply = Type.Object({
  share: orNull(Share),
  fromMs: orNull(TimeMs),
  toMs: orNull(TimeMs),
  holes: Type.Array(Type.Object({ fromMs: TimeMs, toMs: TimeMs })),
  holesLeftOut: Count,
});
const NameReply = Type.Object({
  id: Type.String(),
  class: Type.Enum([...LINK_CLASSES]),
  from: orNull(
    Type.String({ description: 'Point of presence; null for a link that the mesh no longer has.' }),
  ),
  to: orNull(Type.String()),
});
const AgentReply = Type.Object({ site: Type.String(), gateway: Type.String() });
const ObjectiveReply = orNull(
  Type.Object({ latencyMs: Count, latencyQuantile: Count, loss: Count, confidence: Count }),
);
const ProbeReply = Type.Object({
  kind: Type.Enum([...PROBE_KINDS]),
  judged: Type.Boolean({ description: 'The verdict on the link goes by this kind of probe.' }),
  ...FiguresReply.properties,
  withoutRetroactive: Type.Optional(
    Type.Object(FiguresReply.properties, {
      description: 'As if every window were as it was when it began; only where that is something else.',
    }),
  ),
  coverage: CoverageReply,
  exclusions: Type.Array(Type.Object({ ...MaintenanceReply.properties, probes: Count })),
  agents: Type.Array(AgentReply),
  strangers: Type.Array(AgentReply, {
    description: 'Others that send evidence under this name; it takes no part.',
  }),
  unreadable: Type.Array(Type.Object({ timeMs: TimeMs, reason: Type.String() })),
  unreadableLeftOut: Count,
  gone: Type.Number({ description: 'Records that the store counts and no longer has.' }),
});

const range = { fromMs: TimeMs, toMs: TimeMs };
const LinkId = Type.Object({ id: Type.String({ pattern: ID_PATTERN }) });
const more = Type.Optional(
  Type.Array(Type.String({ pattern: ID_PATTERN }), {
    maxItems: 200,
    description: 'Further links, judged together with this one as if they were one; may be repeated.',
  }),
);
const errors = {
  ...storeErrors,
  404: errorRef('Neither the mesh nor any evidence of that time knows the link.'),
};

export const linkVerdictsRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/links/matrix',
    {
      schema: {
        operationId: 'getLinkMatrix',
        summary: 'Every link against its objective, and the links of each class together',
        description: 'The time is widened to whole hours UTC; the reply says from when to when.',
        querystring: Type.Object(rangeQuery, strict),
        response: {
          200: Type.Object({
            ...range,
            links: Type.Array(
              Type.Object({
                ...NameReply.properties,
                kind: orNull(Type.Enum([...PROBE_KINDS])),
                verdict: VerdictName,
                p50: orNull(Type.Number({ description: 'ms' })),
                p95: orNull(Type.Number({ description: 'ms' })),
                loss: orNull(Share),
                lossBounds: Bounds,
                samples: Count,
                account: AccountReply,
                coverage: orNull(Share),
                withoutRetroactive: Type.Optional(
                  Type.Object(
                    { verdict: VerdictName, loss: orNull(Share), samples: Count },
                    { description: 'As of `getLinkSla`.' },
                  ),
                ),
              }),
            ),
            classes: Type.Array(
              Type.Object({
                class: Type.Enum([...LINK_CLASSES]),
                links: Count,
                verdicts: counts('pass', 'breach', 'insufficient'),
                ...FiguresReply.properties,
                withoutRetroactive: Type.Optional(Type.Object(FiguresReply.properties)),
              }),
            ),
          }),
          ...storeErrors,
        },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const asked = parseRange(request.query, clock.nowMs());
      const fromMs = Math.floor(asked.fromMs / HOUR_MS) * HOUR_MS;
      const toMs = Math.ceil(asked.toMs / HOUR_MS) * HOUR_MS;
      const { cells, classes } = await sources.verdicts.matrix({ fromMs, toMs });
      return {
        ...{ fromMs, toMs },
        links: cells
          .filter(({ name }) => seesLink(who, name.id))
          .map(({ name, kind, figures, withoutRetroactive, coverage }) => ({
            ...shownName(name),
            ...{ kind: kind ?? null, verdict: figures.verdict, samples: figures.loss.probes },
            ...{ p50: figures.roundTrip.p50, p95: figures.roundTrip.p95, loss: figures.loss.share },
            ...{ lossBounds: figures.loss.bounds, account: accountOf(figures), coverage: coverage.share },
            ...(withoutRetroactive && { withoutRetroactive: shortOf(withoutRetroactive) }),
          })),
        // Of all links of a class: whoever does not see them all must not learn of them.
        classes: (who.links === 'all' ? classes : []).map(({ figures, withoutRetroactive, ...one }) => ({
          ...{ ...one, ...shownFigures(figures) },
          ...(withoutRetroactive && { withoutRetroactive: shownFigures(withoutRetroactive) }),
        })),
      };
    },
  );
  app.get(
    '/api/v1/links/:id/sla',
    {
      schema: {
        operationId: 'getLinkSla',
        summary: 'The verdict on a link over a time, and the evidence behind it',
        description:
          'Records that start within the time count, each as a whole: `coverage` says from when to when.',
        params: LinkId,
        querystring: Type.Object({ ...rangeQuery, link: more }, strict),
        response: {
          200: Type.Object({
            ...range,
            links: Type.Array(NameReply),
            objective: ObjectiveReply,
            verdict: VerdictName,
            probes: Type.Array(ProbeReply, {
              description: 'By kind of probe, the one that is judged first.',
            }),
          }),
          ...errors,
        },
      },
    },
    async (request) => {
      const { query } = request;
      const ids = idsOf(request.params.id, query.link);
      assertLinks(whoAsks(request), ids);
      const asked = parseRange(query, clock.nowMs());
      const { links, objective, probes } = await sources.verdicts.verdict(ids, asked);
      const verdict =
        probes.find(({ isJudged }) => isJudged)?.figures.verdict ?? (objective ? 'insufficient' : null);
      return {
        ...{ ...asked, links: links.map(shownName), objective: objective ?? null, verdict },
        probes: probes.map((probe) => shownProbe(probe, whoAsks(request))),
      };
    },
  );
  app.get(
    '/api/v1/links/:id/latency',
    {
      schema: {
        operationId: 'getLinkLatency',
        summary: 'Percentiles of the round trip and loss of a link over time',
        params: LinkId,
        querystring: Type.Object(
          {
            ...rangeQuery,
            every: Type.Optional(
              Type.String({ description: 'Length of a window, such as 1m, 1h, 1d. Default: 5m.' }),
            ),
            link: more,
          },
          strict,
        ),
        response: {
          200: Type.Object({
            ...range,
            everyMs: Type.Number(),
            points: Type.Array(
              Type.Object({
                timeMs: TimeMs,
                ...{ p50: orNull(Count), p95: orNull(Count), p99: orNull(Count), 'p99.9': orNull(Count) },
                ...{ sent: Count, lost: Count, loss: orNull(Share) },
              }),
              {
                description:
                  'Windows without a record that counts are left out. Percentiles in ms, within 1 %.',
              },
            ),
          }),
          ...errors,
        },
      },
    },
    async (request) => {
      const { query } = request;
      const ids = idsOf(request.params.id, query.link);
      assertLinks(whoAsks(request), ids);
      const asked = parseRange(query, clock.nowMs());
      const everyMs = parseDuration('every', query.every ?? '5m');
      if ((asked.toMs - asked.fromMs) / everyMs > MOST_POINTS) {
        throw requestInvalid('every', {
          en: `makes more than ${MOST_POINTS} points of that time; choose a longer one`,
          zh: `该时段将产生超过 ${MOST_POINTS} 个点；请选择更长的间隔`,
        });
      }
      const points = await sources.verdicts.latency(ids, asked, everyMs);
      return {
        ...{ ...asked, everyMs },
        points: points.map(({ timeMs, roundTrip: { count: _count, ...percentiles }, sent, lost }) => ({
          ...{ timeMs, ...percentiles, sent, lost },
          loss: sent > 0 ? lost / sent : null,
        })),
      };
    },
  );
};

function idsOf(id: string, others: readonly string[] = []): string[] {
  return [...new Set([id, ...others])];
}

function shownName({ id, class: linkClass, link }: LinkName): Static<typeof NameReply> {
  return { id, class: linkClass, from: link?.from.id ?? null, to: link?.to.id ?? null };
}

const MOST_UNREADABLE = 100;

function shownProbe(probe: ProbeVerdict, scope: Scope): Static<typeof ProbeReply> {
  const { kind, isJudged, figures, withoutRetroactive, coverage, applied, agents, strangers, faults, gone } =
    probe;
  return {
    ...{ kind, judged: isJudged, ...shownFigures(figures) },
    ...(withoutRetroactive && { withoutRetroactive: shownFigures(withoutRetroactive) }),
    coverage: { ...coverage, holes: [...coverage.holes] },
    exclusions: applied.map(({ window, probes }) => ({ ...shownWindow(window, scope), probes })),
    ...{ agents: [...agents], strangers: [...strangers], gone },
    unreadable: faults.slice(0, MOST_UNREADABLE).map(({ timeMs, reason }) => ({ timeMs, reason })),
    unreadableLeftOut: Math.max(0, faults.length - MOST_UNREADABLE),
  };
}

function shownFigures(figures: Figures): Static<typeof FiguresReply> {
  const { verdict, loss, latency, measures, records, roundTrip, variation, pathChanges } = figures;
  const { forward, back, oneWayErrorMs } = directionsOf(figures);
  const { invalidBy, jitterMs, duplicates, reordered, kernelStamped } = measures;
  const { stall, clockStep, socket }: InvalidBy = invalidBy;
  const hasObjective = latency !== null;
  return {
    ...{ verdict, account: accountOf(figures), invalidBy: { stall, clockStep, socket } },
    loss: { ...shownJudgement(loss, hasObjective), share: loss.share },
    latency: latency && {
      ...shownJudgement(latency, true),
      ...{ limitMs: latency.limitMs, quantile: latency.quantile },
    },
    ...{
      records,
      roundTrip,
      variation,
      jitterMs,
      oneWayErrorMs,
      duplicates,
      reordered,
      kernelStamped,
      pathChanges,
    },
    forward: shownDirection(forward, hasObjective),
    back: shownDirection(back, hasObjective),
  };
}

function shortOf({ verdict, loss }: Figures) {
  return { verdict, loss: loss.share, samples: loss.probes };
}

function accountOf({ measures }: Figures): Account {
  return { ...measures.account };
}

function shownJudgement(judged: ShareJudgement, hasObjective: boolean): Static<typeof Judgement> {
  const { limit, confidence, independent, bursts } = judged;
  return {
    ...shownPart(judged, hasObjective),
    ...{ limit: hasObjective ? limit : null, confidence, independent },
    bursts: { lower: bursts.lower, upper: bursts.upper, designEffect: bursts.designEffect },
  };
}

function shownDirection(direction: Direction, hasObjective: boolean): Static<typeof DirectionReply> {
  return { ...shownPart(direction, hasObjective), latency: direction.latency };
}

function shownPart({ verdict, probes, bad, bounds }: PartJudgement, hasObjective: boolean) {
  return {
    ...{ verdict: hasObjective ? verdict : null, samples: probes, bad, bounds },
    share: probes > 0 && bad.least === bad.most ? bad.least / probes : null,
  };
}
