import { Type } from 'typebox';
import { seesSite } from '../../../core/access.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseRange, rangeQuery } from '../parse-range.ts';
import { requestInvalid } from '../request-invalid.ts';
import { AnyOf, storeErrors, TimeMs } from '../schemas.ts';

const MOST_DAYS = 32;
const DAY_MS = 86_400_000;
const m3 = Type.Number({ description: 'm³' });

const SiteReply = Type.Object({
  ...{ site: Type.String(), m3 },
  zones: Type.Array(
    Type.Object({
      ...{ zone: Type.String(), m3 },
      how: Type.Enum(['metered', 'estimated', 'both'], {
        description:
          'metered: by a meter of the zone. estimated: of a meter that serves several, by how long whose valves were open.',
      }),
    }),
  ),
  unassignedM3: Type.Number({
    description: 'Counted while no valve behind that meter was known to be open.',
  }),
  rainMm: Type.Optional(Type.Number({ description: 'Mean of its rain gauges.' })),
  restarts: Type.Integer({
    description: 'How often a meter went back or leapt; what cannot have passed is left out.',
  }),
});

export const waterRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/water',
    {
      config: { may: 'read' },
      schema: {
        operationId: 'getWater',
        summary: 'Water of sites and their zones over a time, and rain beside it',
        description: 'Give the beginning of the viewer’s day as `from`; without it, the last 24 hours.',
        querystring: Type.Object(
          { site: Type.Optional(AnyOf('site')), ...rangeQuery },
          { additionalProperties: false },
        ),
        response: {
          200: Type.Object({ fromMs: TimeMs, toMs: TimeMs, sites: Type.Array(SiteReply) }),
          ...storeErrors,
        },
      },
    },
    async (request) => {
      const identity = whoAsks(request);
      const { site: wanted, ...range } = request.query;
      const { fromMs, toMs } = parseRange(range, clock.nowMs());
      if (toMs - fromMs > MOST_DAYS * DAY_MS) {
        throw requestInvalid('from', {
          en: `must be at most ${MOST_DAYS} days before "to"`,
          zh: `与 "to" 的间隔最多 ${MOST_DAYS} 天`,
        });
      }
      const allowed =
        identity.sites === 'all' ? wanted : identity.sites.filter((one) => wanted?.includes(one) ?? true);
      const sites = (await sources.water.over(fromMs, toMs, allowed)).filter(({ site }) =>
        seesSite(identity, site),
      );
      return { fromMs, toMs, sites: sites.map((one) => ({ ...one, zones: [...one.zones] })) };
    },
  );
};
