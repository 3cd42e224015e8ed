import { type Static, Type } from 'typebox';
import { type Identity, seesSeries, seesSite } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import { setTags } from '../../../core/reading.ts';
import { maySetFor } from '../../../core/thresholds/scope.ts';
import { THRESHOLD_SEVERITIES, type Threshold, ThresholdWish } from '../../../core/thresholds/threshold.ts';
import { CONDITION_KINDS, type Condition } from '../../alerts/condition.ts';
import { SIDES } from '../../thresholds/judge-state.ts';
import { TEMPLATES } from '../../thresholds/templates.ts';
import { runTrial } from '../../thresholds/trial.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import {
  commonErrors,
  errorRef,
  fieldName,
  measurementName,
  NoQuery,
  SeriesReply,
  storeErrors,
  TagsReply,
  TimeMs,
  WordsReply,
} from '../schemas.ts';

const strict = { additionalProperties: false };
const id = Type.String({ maxLength: 64 });
const Query = Type.Object(
  {
    measurement: Type.Optional(measurementName),
    field: Type.Optional(fieldName),
    site: Type.Optional(
      Type.Array(id, { maxItems: 200, description: 'Only what holds there: thresholds for all sites too.' }),
    ),
    zone: Type.Optional(Type.Array(id, { maxItems: 200, description: 'As site.' })),
  },
  strict,
);

export const ThresholdReply = Type.Object({
  ...ThresholdWish.properties,
  id: Type.String(),
  version: Type.Number(),
  setBy: Type.String(),
  setMs: TimeMs,
  why: Type.String(),
});
const ThresholdChangeReply = Type.Object({
  version: Type.Number(),
  who: Type.String(),
  timeMs: TimeMs,
  why: Type.String(),
  before: Type.Optional(ThresholdWish),
  after: Type.Optional(ThresholdWish),
});
const TemplateReply = Type.Object({
  id: Type.String(),
  crop: Type.String(),
  stage: Type.Optional(Type.String({ description: 'Absent: for the whole season.' })),
  soil: Type.Optional(Type.String({ description: 'Absent: whatever the soil.' })),
  title: WordsReply,
  source: Type.String({ description: 'Book and table.' }),
  thresholds: Type.Array(ThresholdWish),
});

const WrongReply = Type.Object({
  ...SeriesReply.properties,
  threshold: Type.String({ description: 'Id of the threshold.' }),
  kind: Type.Enum([...CONDITION_KINDS], { description: 'Of its rule.' }),
  side: Type.Optional(Type.Enum([...SIDES], { description: 'low or high, rise or fall, and so on.' })),
  severity: Type.Enum([...THRESHOLD_SEVERITIES]),
  sinceMs: TimeMs,
  value: Type.Optional(Type.Number({ description: 'That it was found wrong by, in the unit.' })),
  worst: Type.Optional(
    Type.Number({ description: 'The one that was furthest out since, where that is another.' }),
  ),
  latest: Type.Optional(Type.Number({ description: 'The series itself, a minute ago at most.' })),
  words: WordsReply,
});

const TrialBody = Type.Object(
  { wish: ThresholdWish, days: Type.Integer({ minimum: 1, maximum: 400 }) },
  strict,
);
const TrialReply = Type.Object({
  fromMs: TimeMs,
  toMs: TimeMs,
  everyMs: Type.Number({ description: 'One value of each such time is judged.' }),
  fn: Type.String({
    description: 'Which one: min where only low is bounded, max where only high is, else last.',
  }),
  events: Type.Number({ description: 'Series of one zone that are wrong at the same time are one.' }),
  wrongMs: Type.Number({ description: 'How long they were wrong in all; such series count once.' }),
  series: Type.Array(
    Type.Object({
      tags: TagsReply,
      raised: Type.Array(Type.Object({ fromMs: TimeMs, toMs: Type.Optional(TimeMs), worst: Type.Number() })),
      points: Type.Object({ timeMs: Type.Array(TimeMs), value: Type.Array(Type.Number()) }),
    }),
    { description: 'At most 20, those raised most often first.' },
  ),
  leftOut: Type.Number({ description: 'Series that are tried and counted, and not among `series`.' }),
  untried: Type.Number({
    description: 'Series of which nothing is known: 200 at most are tried, neighbours among them.',
  }),
});

const why = Type.String({
  minLength: 1,
  maxLength: 500,
  description: 'In your own words, for those who come after.',
});
const version = Type.Integer({ minimum: 1, description: 'The version that this change was made from.' });
const Added = Type.Object({ ...ThresholdWish.properties, why }, strict);
const Changed = Type.Object({ ...ThresholdWish.properties, version, why }, strict);
const Removed = Type.Object({ version, why }, strict);
const Id = Type.Object({ id });

const errors = {
  ...commonErrors,
  404: errorRef('There is no such threshold.'),
  503: errorRef('The file of the thresholds cannot be used just now.'),
};
const stale = { 409: errorRef('Somebody has changed it meanwhile, or there are too many.') };
const changes = { may: 'thresholds' } as const;

export const thresholdsRoute: Route = (app, { sources, clock }) => {
  const { thresholds } = sources;
  app.get(
    '/api/v1/thresholds',
    {
      schema: {
        operationId: 'getThresholds',
        summary: 'Bounds and other rules by which readings are judged',
        querystring: Query,
        response: { 200: Type.Object({ thresholds: Type.Array(ThresholdReply) }), ...errors },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      return {
        thresholds: [...thresholds.all()].filter((one) => sees(who, one) && isAsked(request.query, one)),
      };
    },
  );
  app.get(
    '/api/v1/thresholds/templates',
    {
      schema: {
        operationId: 'getThresholdTemplates',
        summary: 'Published figures for crops, with their source',
        querystring: NoQuery,
        response: { 200: Type.Object({ templates: Type.Array(TemplateReply) }), ...commonErrors },
      },
    },
    async () => ({ templates: TEMPLATES.map((one) => ({ ...one, thresholds: [...one.thresholds] })) }),
  );
  app.get(
    '/api/v1/thresholds/state',
    {
      schema: {
        operationId: 'getThresholdState',
        summary: 'Series that are wrong by a threshold now',
        querystring: NoQuery,
        response: { 200: Type.Object({ series: Type.Array(WrongReply) }), ...commonErrors },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const wrong = sources.alerts
        .wrongByThresholds()
        .filter(({ judged }) => seesSeries(who, judged!.series));
      return { series: wrong.map(shownWrong) };
    },
  );
  app.post(
    '/api/v1/thresholds',
    {
      config: changes,
      schema: {
        operationId: 'postThreshold',
        summary: 'Sets a threshold; readings are judged by it from now on',
        querystring: NoQuery,
        body: Added,
        response: { 201: ThresholdReply, ...errors, ...stale },
      },
    },
    async (request, reply) => {
      const { why: reason, ...wish } = request.body;
      const who = whoAsks(request);
      mayChange(who, wish);
      return reply.code(201).send(thresholds.add(wish, { who: who.name, why: reason }));
    },
  );
  app.post(
    '/api/v1/thresholds/trial',
    {
      // It sets nothing, but reads up to 400 days of 200 series.
      config: changes,
      schema: {
        operationId: 'tryThreshold',
        summary: 'What a threshold would have told over the last days; sets nothing',
        description: 'Judges one value per `everyMs`, from roll-ups where readings are no longer kept.',
        ...{ querystring: NoQuery, body: TrialBody },
        response: { 200: TrialReply, ...storeErrors },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const { wish, days } = request.body;
      const zones = new Map(sources.zones.find().map((zone) => [`${zone.site}/${zone.id}`, zone]));
      const trial = await runTrial(wish, days, {
        ...{ store: sources.store, nowMs: clock.nowMs(), liveWithinMs: 1000 * sources.liveWithinS },
        cropOf: (site, zone) => zones.get(`${site}/${zone}`) ?? {},
        sees: (series) => seesSeries(who, series),
      });
      return {
        ...trial,
        series: trial.series.map(({ tags, raised, points }) => ({
          ...{ tags, raised: [...raised] },
          points: { timeMs: [...points.timeMs], value: [...points.value] },
        })),
      };
    },
  );
  app.put(
    '/api/v1/thresholds/:id',
    {
      config: changes,
      schema: {
        operationId: 'putThreshold',
        summary: 'Changes a threshold; what it said before stays in its history',
        ...{ params: Id, querystring: NoQuery, body: Changed },
        response: { 200: ThresholdReply, ...errors, ...stale },
      },
    },
    async (request) => {
      const { why: reason, version: from, ...wish } = request.body;
      const who = whoAsks(request);
      mayChange(who, seen(who, request.params.id));
      mayChange(who, wish);
      return thresholds.change(request.params.id, from, wish, { who: who.name, why: reason });
    },
  );
  app.delete(
    '/api/v1/thresholds/:id',
    {
      config: changes,
      schema: {
        operationId: 'deleteThreshold',
        summary: 'Removes a threshold; its history stays',
        ...{ params: Id, querystring: NoQuery, body: Removed },
        response: { 200: ThresholdReply, ...errors, ...stale },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const found = seen(who, request.params.id);
      mayChange(who, found);
      thresholds.remove(found.id, request.body.version, { who: who.name, why: request.body.why });
      return found;
    },
  );
  app.get(
    '/api/v1/thresholds/:id/history',
    {
      schema: {
        operationId: 'getThresholdHistory',
        summary: 'Who set it to what, when and why; of a removed one too',
        ...{ params: Id, querystring: NoQuery },
        response: { 200: Type.Object({ changes: Type.Array(ThresholdChangeReply) }), ...errors },
      },
    },
    async (request) => {
      const found = thresholds.history(request.params.id);
      const who = whoAsks(request);
      const isSeen = found.every(({ before, after }) => sees(who, (after ?? before)!));
      if (!isSeen) throw notFound(request.params.id);
      return { changes: found };
    },
  );

  function seen(who: Identity, threshold: string): Threshold {
    const found = thresholds.get(threshold);
    if (sees(who, found)) return found;
    throw notFound(threshold);
  }
};

function notFound(threshold: string): SluiceError {
  return new SluiceError('NOT_FOUND', { what: { en: `threshold ${threshold}`, zh: `阈值 ${threshold}` } });
}

function shownWrong({ judged, kind, sinceMs, severity, words }: Condition): Static<typeof WrongReply> {
  const { series, threshold, state, latest } = judged!;
  const { measurement, field, unit } = series;
  return {
    ...{ measurement, field, unit, tags: setTags(series), threshold, kind, severity, sinceMs, words },
    ...(state.side === undefined ? {} : { side: state.side }),
    ...(state.value === undefined ? {} : { value: state.value }),
    ...(state.worst === undefined ? {} : { worst: state.worst }),
    ...(latest === undefined ? {} : { latest }),
  };
}

/** One for all sites is seen by all, for it judges what they see. */
function sees(who: Identity, { scope }: Pick<Threshold, 'scope'>): boolean {
  return scope.site === undefined || seesSite(who, scope.site);
}

/** One for all sites is changed by those who see all sites. */
function mayChange(who: Identity, { scope }: Pick<Threshold, 'scope'>): void {
  if (maySetFor(who, scope)) return;
  throw new SluiceError('NOT_PERMITTED', {
    ...{ name: who.name, role: who.role },
    wanted: scope.site === undefined ? 'sites: all' : `site: ${scope.site}`,
  });
}

function isAsked({ measurement, field, site, zone }: Static<typeof Query>, one: Threshold): boolean {
  const holds = (asked: readonly string[] | undefined, key: string | undefined) =>
    asked === undefined || key === undefined || asked.includes(key);
  return (
    (measurement === undefined || measurement === one.measurement) &&
    (field === undefined || field === one.field) &&
    holds(site, one.scope.site) &&
    holds(zone, one.scope.zone)
  );
}
