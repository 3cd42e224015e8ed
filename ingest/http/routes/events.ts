import { type Static, Type } from 'typebox';
import { may, type Scope } from '../../../core/access.ts';
import { GatewayEvent, withoutResult } from '../../../core/gateway-event.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseTime } from '../parse-time.ts';
import { sitesWithin } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { AnyOf, commonErrors, errorRef } from '../schemas.ts';

const KINDS = [
  'command',
  'lease-ended',
  'safety',
  'care',
  'condition',
] as const satisfies readonly GatewayEvent['kind'][];
const PLACE = /^(\d{1,16})-(\d{1,16})$/;

const Query = Type.Object(
  {
    site: Type.Optional(AnyOf('site')),
    gateway: Type.Optional(AnyOf('gateway')),
    kind: Type.Optional(Type.Enum([...KINDS])),
    from: Type.Optional(Type.String({ description: 'Start: ISO 8601 with a zone, or epoch milliseconds.' })),
    to: Type.Optional(Type.String({ description: 'End, not included.' })),
    limit: Type.Optional(
      Type.String({ description: 'Events in one answer: 1 to 1000, 100 where not given.' }),
    ),
    after: Type.Optional(Type.String({ description: '`next` of the answer before.' })),
  },
  { additionalProperties: false },
);

const EventsReply = Type.Object({
  events: Type.Array(Type.Object({ site: Type.String(), gateway: Type.String(), event: GatewayEvent }), {
    description: 'Newest first.',
  }),
  next: Type.Optional(Type.String({ description: 'Where the list goes on; absent at its end.' })),
});

export const eventsRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/events',
    {
      schema: {
        operationId: 'getEvents',
        summary:
          'What gateways told beside readings: commands, leases, interlocks, care, their own condition',
        querystring: Query,
        response: {
          200: EventsReply,
          ...commonErrors,
          503: errorRef('The file of the events cannot be used just now.'),
        },
      },
    },
    async (request) => {
      const { query } = request;
      const limit = parseLimit(query.limit);
      const who = whoAsks(request);
      const found = sources.events({ ...eventFilter(query, who), limit: limit + 1 });
      const isWhole = may(who, 'settings');
      const events = found.slice(0, limit).map(({ site, gateway, event }) => ({
        site,
        gateway,
        event: isWhole ? event : withoutResult(event),
      }));
      const last = found[limit - 1]?.place;
      return found.length > limit && last ? { events, next: `${last.timeMs}-${last.seq}` } : { events };
    },
  );
};

/** A place in a list that is paged through, as its `next` told it. */
export function parsePlace(after: string | undefined): { timeMs: number; seq: number } | undefined {
  if (after === undefined) return undefined;
  const place = PLACE.exec(after);
  if (!place) {
    throw requestInvalid('after', {
      en: 'must be "next" of the answer before',
      zh: '必须是上一次应答中的 "next"',
    });
  }
  return { timeMs: Number(place[1]), seq: Number(place[2]) };
}

function eventFilter({ site, gateway, kind, from, to, after }: Static<typeof Query>, scope: Scope) {
  const place = parsePlace(after);
  const sites = sitesWithin(scope, site);
  return {
    ...(sites ? { sites } : {}),
    ...(gateway ? { gateways: gateway } : {}),
    ...(kind ? { kind } : {}),
    ...(from === undefined ? {} : { fromMs: parseTime('from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('to', to) }),
    ...(place ? { after: place } : {}),
  };
}

export function parseLimit(text: string | undefined): number {
  const limit = text === undefined ? 100 : /^\d{1,4}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= 1_000) return limit;
  throw requestInvalid('limit', {
    en: 'must be a whole number from 1 to 1000',
    zh: '必须是 1 至 1000 的整数',
  });
}
