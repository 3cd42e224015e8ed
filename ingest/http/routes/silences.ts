import { type Static, Type } from 'typebox';
import { seesLink, seesSite } from '../../../core/access.ts';
import { type Silence, SilenceMatcher, SilenceWish } from '../../../core/alerts/silence.ts';
import { silenceEndMs } from '../../notify/silenced-by.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';

export const SilenceReply = Type.Object({
  id: Type.String(),
  matcher: SilenceMatcher,
  reason: Type.String(),
  who: Type.String(),
  fromMs: TimeMs,
  untilMs: TimeMs,
  ended: Type.Optional(
    Type.Object({ ms: TimeMs, by: Type.String() }, { description: 'Ended before its time.' }),
  ),
});

const errors = {
  ...commonErrors,
  404: errorRef('There is no such silence.'),
  409: errorRef('There are as many as are kept already.'),
  503: errorRef('The file of the silences cannot be used just now.'),
};
const Query = Type.Object(
  {
    state: Type.Optional(
      Type.Enum(['active', 'all'], { description: 'active, where not given: only what has not ended.' }),
    ),
  },
  { additionalProperties: false },
);

export const silencesRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/silences',
    {
      schema: {
        operationId: 'getSilences',
        summary: 'What nobody is told of for a while',
        querystring: Query,
        response: { 200: Type.Object({ silences: Type.Array(SilenceReply) }), ...errors },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const found = sources.notify.silences().filter(({ matcher: { site, link } }) => {
        // What names neither is about a cause; whoever sees that sees its silence there.
        if (site !== undefined) return seesSite(who, site);
        return link !== undefined ? seesLink(who, link) : who.sites === 'all' || who.links === 'all';
      });
      const isWanted = (one: Silence) => request.query.state === 'all' || silenceEndMs(one) > clock.nowMs();
      return { silences: found.filter(isWanted).map(shownSilence) };
    },
  );
  app.post(
    '/api/v1/silences',
    {
      config: { may: 'silence' },
      schema: {
        operationId: 'postSilence',
        summary: 'Nobody is told of what matches, for 30 days at most; it is an event still, and shown',
        querystring: NoQuery,
        body: SilenceWish,
        response: { 201: SilenceReply, ...errors },
      },
    },
    async (request, reply) =>
      reply.code(201).send(shownSilence(sources.notify.addSilence(request.body, whoAsks(request)))),
  );
  app.delete(
    '/api/v1/silences/:id',
    {
      config: { may: 'silence' },
      schema: {
        operationId: 'deleteSilence',
        summary: 'Ends a silence before its time: what is open still is told',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: NoQuery,
        response: { 200: SilenceReply, ...errors },
      },
    },
    async (request) => shownSilence(sources.notify.endSilence(request.params.id, whoAsks(request))),
  );
};

export function shownSilence(silence: Silence): Static<typeof SilenceReply> {
  return { ...silence, matcher: { ...silence.matcher } };
}
