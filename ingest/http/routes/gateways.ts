import { Type } from 'typebox';
import type { Route } from '../app.ts';
import { commonErrors, NoQuery, TimeMs } from '../schemas.ts';
import type { GatewayCounters } from '../sources.ts';

const presence = {
  online: Type.Boolean({ description: 'Born and not dead, as its Sparkplug session knows it.' }),
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
  rejected: Type.Number(),
});

export const gatewaysRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/gateways',
    {
      schema: {
        operationId: 'getGateways',
        summary: 'Gateways and their devices, online or not, with what they have sent',
        querystring: NoQuery,
        response: { 200: Type.Object({ gateways: Type.Array(GatewayReply) }), ...commonErrors },
      },
    },
    () => {
      const counters = new Map<string, GatewayCounters>();
      for (const one of sources.counters()) counters.set(`${one.site}/${one.gateway}`, one);
      const gateways = sources.gateways().map((one) => {
        const counted = counters.get(`${one.site}/${one.gateway}`);
        const { received = 0, stored = 0, rejected = 0 } = counted ?? {};
        return { ...one, devices: [...one.devices], received, stored, rejected };
      });
      return { gateways };
    },
  );
};
