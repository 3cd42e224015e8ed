import { type Static, Type } from 'typebox';
import { type Scope, seesLink } from '../../../core/access.ts';
import { FAULTS } from '../../sla/outages/attribute.ts';
import type { LinkOutages } from '../../sla/outages/outage-desk.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseTime } from '../parse-time.ts';
import { assertLinks } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { errorRef, storeErrors, TimeMs, WordsReply } from '../schemas.ts';

const DAY_MS = 86_400_000;
/** Of one link, and of all of them: what is read for an answer is bounded by it. */
const MOST_DAYS = { one: 62, all: 1 };

const Query = Type.Object(
  {
    from: Type.Optional(
      Type.String({
        description: 'Start: ISO 8601 with a zone, or epoch milliseconds. Default: a day before the end.',
      }),
    ),
    to: Type.Optional(Type.String({ description: 'End, not included. Default: now.' })),
  },
  { additionalProperties: false },
);

const Seen = Type.Enum(['down', 'up', 'unknown']);
const SideCount = Type.Object({ down: Type.Number(), up: Type.Number(), unknown: Type.Number() });
const Side = Type.Object({ out: SideCount, in: SideCount });

const LinkOutagesReply = Type.Object({
  link: Type.String(),
  outages: Type.Array(
    Type.Object({
      fromMs: TimeMs,
      toMs: TimeMs,
      probes: Type.Number({ description: 'Lost or late one after the other.' }),
      end: Type.Enum(['answered', 'unknown', 'lasting'], {
        description:
          'answered: probes came back; unknown: there is no evidence after it; lasting: the newest record ends in it.',
      }),
      isStartKnown: Type.Boolean({
        description: 'False where there is no evidence right before it: it may have begun earlier.',
      }),
      attribution: Type.Object({
        fault: Type.Enum([...FAULTS], {
          description:
            'probe: the agent that measures; from-end, to-end: what all links of that point share; link: what only this link uses; wide: both ends at once; unknown: too few neighbours saw enough, or they disagree.',
        }),
        reverse: Seen,
        fromSide: Side,
        toSide: Side,
        alsoDown: Type.Array(Type.String()),
        words: WordsReply,
      }),
    }),
    { description: 'Newest first.' },
  ),
  leftOut: Type.Number({ description: 'Outages and unknown times past the newest that are told.' }),
  unknown: Type.Array(
    Type.Object({
      fromMs: TimeMs,
      toMs: TimeMs,
      why: Type.Enum(['agent-silent', 'probe'], {
        description: 'agent-silent: no record; probe: no probe of the record says anything of the link.',
      }),
    }),
  ),
  knownMs: Type.Number({ description: 'Time of which there is evidence, ms.' }),
  downMs: Type.Number({ description: 'What of it was outage, ms.' }),
  availability: Type.Union([Type.Number(), Type.Null()], {
    description: '1 − downMs / knownMs; null where nothing is known.',
  }),
});

const responses = { ...storeErrors, 404: errorRef('The mesh has no such link.') };

export const linkOutagesRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/links/outages',
    {
      schema: {
        operationId: 'getOutages',
        summary: 'Outages of all links over up to a day, with what their neighbours saw',
        description: 'Only links that had one, or of which something is not known.',
        querystring: Query,
        response: { 200: Type.Object({ links: Type.Array(LinkOutagesReply) }), ...storeErrors },
      },
    },
    async (request) => {
      const { query } = request;
      const who = whoAsks(request);
      const found = await sources.outages.ofAll(rangeOf(query, clock.nowMs(), MOST_DAYS.all));
      return { links: found.filter(({ link }) => seesLink(who, link)).map((one) => shown(one, who)) };
    },
  );
  app.get(
    '/api/v1/links/:id/outages',
    {
      schema: {
        operationId: 'getOutagesOfLink',
        summary: 'Outages of a link, with what its neighbours saw',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: Query,
        response: { 200: LinkOutagesReply, ...responses },
      },
    },
    async (request) => {
      const { params, query } = request;
      const who = whoAsks(request);
      assertLinks(who, [params.id]);
      return shown(
        await sources.outages.ofLink(params.id, rangeOf(query, clock.nowMs(), MOST_DAYS.one)),
        who,
      );
    },
  );
};

function shown({ availability, ...rest }: LinkOutages, scope: Scope) {
  const outages = rest.outages.map(({ attribution, ...outage }) => ({
    ...outage,
    attribution: { ...attribution, alsoDown: attribution.alsoDown.filter((link) => seesLink(scope, link)) },
  }));
  return { ...rest, outages, unknown: [...rest.unknown], availability: availability ?? null };
}

function rangeOf({ from, to }: Static<typeof Query>, nowMs: number, mostDays: number) {
  const toMs = to === undefined ? nowMs : parseTime('to', to);
  const fromMs = from === undefined ? toMs - DAY_MS : parseTime('from', from);
  if (fromMs >= toMs) throw requestInvalid('from', { en: 'must be before "to"', zh: '必须早于 "to"' });
  if (toMs - fromMs > mostDays * DAY_MS) {
    throw requestInvalid('from', {
      en: `must be at most ${mostDays} d before "to"`,
      zh: `最多早于 "to" ${mostDays} 天`,
    });
  }
  return { fromMs, toMs };
}
