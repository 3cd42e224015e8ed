import { Type } from 'typebox';
import { seesSite } from '../../../core/access.ts';
import { gatewayName } from '../../gateway-name.ts';
import type { Route } from '../app.ts';
import { entityTag, isKnown } from '../entity-tag.ts';
import { whoAsks } from '../identity.ts';
import { commonErrors, DeliveryReply, IfNoneMatch, NoQuery, TimeMs, Unchanged } from '../schemas.ts';
import type { GatewayCounters } from '../sources.ts';

const presence = {
  online: Type.Boolean({ description: 'Born and not dead, as its Sparkplug session knows it.' }),
  presence: Type.Enum(['online', 'offline', 'unknown'], {
    description:
      'unknown: alive when ingest last had a connection to the broker, and not heard of since; see lastSeenMs.',
  }),
  sinceMs: TimeMs,
  lastSeenMs: TimeMs,
};

const GatewayReply = Type.Object({
  site: Type.String(),
  gateway: Type.String(),
  ...presence,
  devices: Type.Array(Type.Object({ device: Type.String(), ...presence })),
  received: Type.Number({ description: 'Readings since ingest started.' }),
  stored: Type.Number(),
  rejected: Type.Number({ description: 'Refused with a reason.' }),
  dropped: Type.Number({ description: 'Given up because there was no room to wait in.' }),
  missedMessages: Type.Number({ description: 'Messages that never came, as far as their `seq` shows.' }),
  delivery: DeliveryReply,
});

export const gatewaysRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/gateways',
    {
      schema: {
        operationId: 'getGateways',
        summary: 'Gateways and their devices, online or not, with what they have sent',
        description: 'To poll, send the `ETag` of the last reply as `If-None-Match`.',
        querystring: NoQuery,
        headers: IfNoneMatch,
        response: {
          200: Type.Object({ gateways: Type.Array(GatewayReply) }),
          304: Unchanged,
          ...commonErrors,
        },
      },
    },
    async (request, reply) => {
      const counters = new Map<string, GatewayCounters>();
      for (const one of sources.counters()) counters.set(gatewayName(one), one);
      const who = whoAsks(request);
      const seen = sources.gateways().filter(({ site }) => seesSite(who, site));
      const gateways = seen.map((one) => {
        const counted = counters.get(gatewayName(one));
        const { received = 0, stored = 0, rejected = 0, dropped = 0 } = counted ?? {};
        const delivery = sources.delivery(one.site, one.gateway);
        return { ...one, devices: [...one.devices], received, stored, rejected, dropped, delivery };
      });
      const tag = entityTag(gateways);
      reply.header('etag', tag);
      if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send(undefined);
      return { gateways };
    },
  );
};
