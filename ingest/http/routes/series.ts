import { Type } from 'typebox';
import { setTags } from '../../../core/reading.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { SeriesFilterQuery, SeriesReply, seriesFilter, storeErrors } from '../schemas.ts';

export const seriesRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/series',
    {
      schema: {
        operationId: 'getSeries',
        summary: 'Which series exist',
        querystring: SeriesFilterQuery,
        response: { 200: Type.Object({ series: Type.Array(SeriesReply) }), ...storeErrors },
      },
    },
    async (request) => {
      const series = await sources.store.series(seriesFilter(request.query, whoAsks(request)));
      return {
        series: series.map((one) => ({
          measurement: one.measurement,
          field: one.field,
          unit: one.unit,
          tags: setTags(one),
        })),
      };
    },
  );
};
