import { Type } from 'typebox';
import { SluiceError } from '../../../core/errors.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { commonErrors, NoQuery } from '../schemas.ts';

export const metricsRoute: Route = (app, { metrics }) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Counters and gauges for Prometheus, to whoever sees all sites and links',
        querystring: NoQuery,
        response: {
          200: {
            description: 'Prometheus text format',
            content: { 'text/plain': { schema: Type.String() } },
          },
          ...commonErrors,
        },
      },
    },
    async (request, reply) => {
      const { sites, links, name, role } = whoAsks(request);
      if (sites !== 'all' || links !== 'all')
        throw new SluiceError('NOT_PERMITTED', { name, role, wanted: 'all sites and links' });
      return reply.type(metrics.contentType).send(await metrics.metrics());
    },
  );
};
