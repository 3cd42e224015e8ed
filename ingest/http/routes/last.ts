import { Type } from 'typebox';
import { OWN_MEASUREMENTS } from '../../../core/own-series.ts';
import { clockOf, qualityOf, setTags, type Tags } from '../../../core/reading.ts';
import type { Route } from '../app.ts';
import { entityTag, isKnown } from '../entity-tag.ts';
import { whoAsks } from '../identity.ts';
import {
  ClockName,
  IfNoneMatch,
  QualityName,
  SeriesFilterQuery,
  SeriesReply,
  seriesFilter,
  storeErrors,
  TimeMs,
  Unchanged,
  Value,
} from '../schemas.ts';
import type { GatewayStatus } from '../sources.ts';

const LastReply = Type.Object({
  nowMs: Type.Number({
    description: 'Clock of the server, to tell the age of a reading without trusting the viewer’s.',
  }),
  readings: Type.Array(
    Type.Object({
      ...SeriesReply.properties,
      timeMs: TimeMs,
      value: Value,
      quality: QualityName,
      clock: ClockName,
      stale: Type.Boolean({ description: 'Its gateway or device is known to be offline.' }),
    }),
  ),
});

export const lastRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/last',
    {
      schema: {
        operationId: 'getLast',
        summary: 'The newest reading of each series',
        description:
          'To poll, send the `ETag` of the last reply as `If-None-Match`; `nowMs` is no part of it.',
        querystring: SeriesFilterQuery,
        headers: IfNoneMatch,
        response: { 200: LastReply, 304: Unchanged, ...storeErrors },
      },
    },
    async (request, reply) => {
      const found = await sources.store.last(seriesFilter(request.query, whoAsks(request)));
      const last = request.query.measurement
        ? found
        : found.filter(({ series }) => !OWN_MEASUREMENTS.has(series.measurement));
      const isOffline = offlineLookup(sources.gateways());
      const readings = last.map(({ series, timeMs, value, status }) => ({
        measurement: series.measurement,
        field: series.field,
        unit: series.unit,
        tags: setTags(series),
        timeMs,
        value,
        quality: qualityOf(status),
        clock: clockOf(status),
        stale: isOffline(series),
      }));
      const tag = entityTag(readings);
      reply.header('etag', tag);
      if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send(undefined);
      return { nowMs: clock.nowMs(), readings };
    },
  );
};

function offlineLookup(gateways: readonly GatewayStatus[]): (tags: Tags) => boolean {
  const offline = new Set<string>();
  for (const { site, gateway, online, devices } of gateways) {
    if (!online) offline.add(`${site}/${gateway}`);
    for (const { device, online } of devices) if (!online) offline.add(`${site}/${gateway}/${device}`);
  }
  return ({ site, gateway, device }) =>
    offline.has(`${site}/${gateway}`) || offline.has(`${site}/${gateway}/${device}`);
}
