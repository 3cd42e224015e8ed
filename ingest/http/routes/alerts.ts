import { type Static, Type } from 'typebox';
import { TIMELINE_STEPS } from '../../alerts/alert-event.ts';
import { CONDITION_KINDS } from '../../alerts/condition.ts';
import { CAUSE_KINDS } from '../../alerts/find-causes.ts';
import { SEVERITIES } from '../../sla/budget/burn-rules.ts';
import type { Route } from '../app.ts';
import { parseTime } from '../parse-time.ts';
import { commonErrors, errorRef, TimeMs, WordsReply } from '../schemas.ts';
import { parseLimit, parsePlace } from './events.ts';

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
  severity: Type.Enum([...SEVERITIES]),
  sinceMs: TimeMs,
  words: WordsReply,
});

const AlertReply = Type.Object({
  id: Type.String(),
  key: Type.String({ description: 'Of the cause; one event with it is open at most.' }),
  kind: Type.Enum([...CAUSE_KINDS], {
    description:
      'link: between two points, in one or both directions; pop: a point all of whose links are down; agent: the one that measures there; wide: most points at once; gateway: a silent gateway that nothing explains.',
  }),
  subject: Type.String(),
  severity: Type.Enum([...SEVERITIES]),
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
    }),
  ),
  timelineLeftOut: Type.Number(),
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

export const alertsRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/alerts',
    {
      schema: {
        operationId: 'getAlerts',
        summary: 'What is or was wrong with links and gateways: one event per cause',
        querystring: Query,
        response: {
          200: AlertsReply,
          ...commonErrors,
          503: errorRef('The file of the alerts cannot be used just now.'),
        },
      },
    },
    async ({ query }) => {
      const limit = parseLimit(query.limit);
      const found = sources.alerts.find({ ...filterOf(query), limit: limit + 1 });
      const alerts = found.slice(0, limit).map(({ event }) => ({
        ...event,
        causing: [...event.causing],
        silent: [...event.silent],
        timeline: [...event.timeline],
      }));
      const suppressed = sources.alerts.suppressed().map(({ condition, maintenance }) => {
        const { key, kind, subject, severity, sinceMs, words } = condition;
        return { condition: { key, kind, subject, severity, sinceMs, words }, maintenance };
      });
      const last = found[limit - 1]?.place;
      const next = found.length > limit && last ? { next: `${last.timeMs}-${last.seq}` } : {};
      return { alerts, suppressed, ...next };
    },
  );
};

function filterOf({ state, from, to, after }: Static<typeof Query>) {
  const place = parsePlace(after);
  return {
    isOpen: state !== 'all',
    ...(from === undefined ? {} : { fromMs: parseTime('from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('to', to) }),
    ...(place ? { after: place } : {}),
  };
}
