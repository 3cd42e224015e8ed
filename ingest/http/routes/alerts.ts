import { type Static, type TNumber, Type } from 'typebox';
import type { Identity } from '../../../core/access.ts';
import { MOST_SILENCE_MS } from '../../../core/alerts/silence.ts';
import { SluiceError } from '../../../core/errors.ts';
import { THRESHOLD_SEVERITIES } from '../../../core/thresholds/threshold.ts';
import type { AlertEvent } from '../../alerts/alert-event.ts';
import { TIMELINE_STEPS } from '../../alerts/alert-event.ts';
import { CONDITION_KINDS } from '../../alerts/condition.ts';
import { CAUSE_KINDS } from '../../alerts/find-causes.ts';
import { DELIVERY_STATES } from '../../notify/delivery.ts';
import { partSeen, seesEvent } from '../../notify/places-of.ts';
import { silenceEndMs } from '../../notify/silenced-by.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseTime } from '../parse-time.ts';
import { commonErrors, errorRef, NoQuery, TimeMs, WordsReply } from '../schemas.ts';
import type { HttpSources } from '../sources.ts';
import { parseLimit, parsePlace } from './events.ts';
import { SilenceReply, shownSilence } from './silences.ts';

const Query = Type.Object(
  {
    state: Type.Optional(
      Type.Enum(['open', 'all'], { description: 'open, where not given: only what has not ended.' }),
    ),
    from: Type.Optional(
      Type.String({
        description: 'Only events that had not ended then: ISO 8601 with a zone, or epoch milliseconds.',
      }),
    ),
    to: Type.Optional(Type.String({ description: 'Only events raised before.' })),
    severity: Type.Optional(
      Type.Enum([...THRESHOLD_SEVERITIES], { description: 'Only events as bad as that now.' }),
    ),
    site: Type.Optional(
      Type.String({ maxLength: 64, description: 'Only events about something at a site.' }),
    ),
    limit: Type.Optional(
      Type.String({ description: 'Events in one answer: 1 to 1000, 100 where not given.' }),
    ),
    after: Type.Optional(Type.String({ description: '`next` of the answer before.' })),
  },
  { additionalProperties: false },
);

const Member = Type.Object({
  key: Type.String(),
  kind: Type.Enum([...CONDITION_KINDS]),
  subject: Type.String({ description: 'Id of a link, or `site/gateway` of one that is silent.' }),
  severity: Type.Enum([...THRESHOLD_SEVERITIES]),
  sinceMs: TimeMs,
  words: WordsReply,
  place: Type.Optional(
    Type.Object(
      {
        site: Type.Optional(Type.String()),
        zone: Type.Optional(Type.String()),
        gateway: Type.Optional(Type.String()),
        device: Type.Optional(Type.String()),
        link: Type.Optional(Type.String()),
      },
      { description: 'Where it is, of what is about neither a link nor a whole gateway.' },
    ),
  ),
  threshold: Type.Optional(
    Type.String({ description: 'Of readings: id of the threshold that they are wrong by.' }),
  ),
});

export const AlertReply = Type.Object({
  id: Type.String(),
  key: Type.String({ description: 'Of the cause; one event with it is open at most.' }),
  kind: Type.Enum([...CAUSE_KINDS], {
    description:
      'link: between two points, in one or both directions; pop: a point all of whose links are down; agent: the one that measures there; wide: most points at once; gateway: a silent gateway that nothing explains.',
  }),
  subject: Type.String(),
  severity: Type.Enum([...THRESHOLD_SEVERITIES]),
  sinceMs: TimeMs,
  raisedMs: TimeMs,
  clearedMs: Type.Optional(TimeMs),
  foldedInto: Type.Optional(
    Type.String({ description: 'Id of the event that it turned out to be a part of.' }),
  ),
  after: Type.Optional(Type.String({ description: 'Id of the event of the cause that this has outlived.' })),
  words: WordsReply,
  causing: Type.Array(Member, { description: 'What shows the cause.' }),
  silent: Type.Array(Member, { description: 'Gateways that are silent because of it.' }),
  timeline: Type.Array(
    Type.Object({
      timeMs: TimeMs,
      step: Type.Enum([...TIMELINE_STEPS]),
      what: Type.Optional(Type.String()),
      words: Type.Optional(WordsReply),
      who: Type.Optional(Type.String({ description: 'Who acknowledged or silenced it.' })),
      note: Type.Optional(Type.String()),
    }),
  ),
  timelineLeftOut: Type.Number(),
  acknowledged: Type.Optional(
    Type.Object(
      { who: Type.String(), timeMs: TimeMs, note: Type.Optional(Type.String()) },
      { description: 'The newest; each is in the timeline.' },
    ),
  ),
  silenced: Type.Optional(
    Type.Object(
      { id: Type.String(), who: Type.String(), untilMs: TimeMs, reason: Type.String() },
      { description: 'Why it is told to nobody just now.' },
    ),
  ),
  deliveries: Type.Object(
    Object.fromEntries(DELIVERY_STATES.map((state) => [state, Type.Number()])) as Record<
      (typeof DELIVERY_STATES)[number],
      TNumber
    >,
    { description: 'Messages about it, by what became of them.' },
  ),
});

const AlertsReply = Type.Object({
  alerts: Type.Array(AlertReply, { description: 'Newest first.' }),
  suppressed: Type.Array(
    Type.Object({
      condition: Member,
      maintenance: Type.Object({ id: Type.String(), untilMs: TimeMs, reason: Type.String() }),
    }),
    { description: 'What is wrong now and not told, because somebody is at work on it.' },
  ),
  next: Type.Optional(Type.String({ description: 'Where the list goes on; absent at its end.' })),
});

const Id = Type.Object({ id: Type.String({ maxLength: 64 }) });
const strict = { additionalProperties: false };
const unavailable = { 503: errorRef('The file of the alerts cannot be used just now.') };
const errors = {
  ...commonErrors,
  404: errorRef('There is no such alert.'),
  409: errorRef('It has ended.'),
  ...unavailable,
};

export const alertsRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/alerts',
    {
      schema: {
        operationId: 'getAlerts',
        summary: 'What is or was wrong with links and gateways: one event per cause',
        querystring: Query,
        response: { 200: AlertsReply, ...commonErrors, ...unavailable },
      },
    },
    async (request) => {
      const { query } = request;
      const limit = parseLimit(query.limit);
      const found = sources.alerts.find({ ...filterOf(query), limit: limit + 1 });
      const who = whoAsks(request);
      // A page may be shorter than asked for where somebody does not see all of it; `next` says whether it goes on.
      const alerts = found.slice(0, limit).filter(({ event }) => seesEvent(who, event));
      const suppressed = sources.alerts
        .suppressed()
        .filter(({ condition }) => seesEvent(who, { causing: [condition], silent: [] }))
        .map(({ condition, maintenance }) => {
          const { key, kind, subject, severity, sinceMs, words } = condition;
          return { condition: { key, kind, subject, severity, sinceMs, words }, maintenance };
        });
      const last = found[limit - 1]?.place;
      const next = found.length > limit && last ? { next: `${last.timeMs}-${last.seq}` } : {};
      return { alerts: alerts.map(({ event }) => shown(event, sources, who)), suppressed, ...next };
    },
  );
  app.get(
    '/api/v1/alerts/counts',
    {
      schema: {
        operationId: 'countAlerts',
        summary: 'How many events are open, by how bad they are: small enough to be asked all the time',
        querystring: NoQuery,
        response: {
          200: Type.Object({ critical: Type.Number(), warning: Type.Number(), info: Type.Number() }),
          ...commonErrors,
        },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const counts = { critical: 0, warning: 0, info: 0 };
      for (const event of sources.alerts.open()) if (seesEvent(who, event)) counts[event.severity]++;
      return counts;
    },
  );
  app.get(
    '/api/v1/alerts/:id',
    {
      schema: {
        operationId: 'getAlert',
        summary: 'One event',
        params: Id,
        querystring: NoQuery,
        response: { 200: AlertReply, ...errors },
      },
    },
    async (request) => {
      const { id } = request.params;
      const who = whoAsks(request);
      const event = sources.alerts.get(id);
      if (seesEvent(who, event)) return shown(event, sources, who);
      throw new SluiceError('NOT_FOUND', { what: { en: `alert ${id}`, zh: `告警 ${id}` } });
    },
  );
  app.post(
    '/api/v1/alerts/:id/ack',
    {
      config: { may: 'acknowledge' },
      schema: {
        operationId: 'acknowledgeAlert',
        summary: 'Says that somebody is at it: nobody else is called',
        params: Id,
        querystring: NoQuery,
        body: Type.Object({ note: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })) }, strict),
        response: { 200: AlertReply, ...errors },
      },
    },
    async (request) => {
      const { params, body } = request;
      const who = whoAsks(request);
      return shown(sources.notify.acknowledge(params.id, who, body.note), sources, who);
    },
  );
  app.post(
    '/api/v1/alerts/:id/silence',
    {
      config: { may: 'silence' },
      schema: {
        operationId: 'silenceAlert',
        summary: 'Nobody is told of this cause for a while; told again, if it is open still, when that ends',
        params: Id,
        querystring: NoQuery,
        body: Type.Object(
          {
            reason: Type.String({ minLength: 1, maxLength: 500 }),
            forS: Type.Integer({ minimum: 60, maximum: MOST_SILENCE_MS / 1000 }),
          },
          strict,
        ),
        response: { 201: SilenceReply, ...errors },
      },
    },
    async (request, reply) => {
      const { params, body } = request;
      const silence = sources.notify.silence(params.id, whoAsks(request), body.reason, body.forS);
      return reply.code(201).send(shownSilence(silence));
    },
  );
};

function shown(whole: AlertEvent, { notify }: HttpSources, who: Identity): Static<typeof AlertReply> {
  const event = partSeen(who, whole);
  const silence = event.clearedMs === undefined ? notify.silencedBy(whole) : undefined;
  return {
    ...event,
    causing: [...event.causing],
    silent: [...event.silent],
    timeline: [...event.timeline],
    ...(silence && {
      silenced: {
        ...{ id: silence.id, who: silence.who, untilMs: silenceEndMs(silence), reason: silence.reason },
      },
    }),
    deliveries: notify.counts(event.id),
  };
}

function filterOf({ state, from, to, severity, site, after }: Static<typeof Query>) {
  const place = parsePlace(after);
  return {
    isOpen: state !== 'all',
    ...(severity === undefined ? {} : { severity }),
    ...(site === undefined ? {} : { site }),
    ...(from === undefined ? {} : { fromMs: parseTime('from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('to', to) }),
    ...(place ? { after: place } : {}),
  };
}
