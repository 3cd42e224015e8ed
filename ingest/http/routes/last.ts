import { Type } from 'typebox';
import { clockOf, qualityOf, setTags, type Tags } from '../../../core/reading.ts';
import type { Route } from '../app.ts';
import {
  ClockName,
  QualityName,
  SeriesFilterQuery,
  SeriesReply,
  seriesFilter,
  storeErrors,
  TimeMs,
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
        querystring: SeriesFilterQuery,
        response: { 200: LastReply, ...storeErrors },
      },
    },
    async (request) => {
      const last = await sources.store.last(seriesFilter(request.query));
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
