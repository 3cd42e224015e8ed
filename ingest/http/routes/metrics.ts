import { Type } from 'typebox';
import type { Route } from '../app.ts';
import { commonErrors, NoQuery } from '../schemas.ts';

export const metricsRoute: Route = (app, { metrics }) => {
  app.get(
    '/metrics',
    {
      schema: {
        operationId: 'getMetrics',
        summary: 'Counters and gauges for Prometheus',
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
    async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()),
  );
};
