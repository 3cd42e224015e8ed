import { type Static, Type } from 'typebox';
import type { Scope } from '../../../core/access.ts';
import { findQuantity } from '../../../core/quantities.ts';
import { qualityOf, TAGS, type Tag } from '../../../core/reading.ts';
import { AGGREGATES, quantileOf, type SeriesQuery, type Store } from '../../stores/store.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseDuration } from '../parse-duration.ts';
import { parseTime } from '../parse-time.ts';
import { quoted } from '../quoted.ts';
import { requestInvalid } from '../request-invalid.ts';
import {
  fieldName,
  measurementName,
  QualityName,
  SeriesFilterQuery,
  seriesFilter,
  storeErrors,
  TagsReply,
  TimeMs,
  Value,
} from '../schemas.ts';

/** Up to 3.5 MB of JSON, and more points than any screen has pixels. */
const MAX_POINTS = 100_000;
const DEFAULT_RANGE_MS = 3_600_000;

const QueryQuery = Type.Object(
  {
    ...SeriesFilterQuery.properties,
    measurement: measurementName,
    field: fieldName,
    from: Type.Optional(
      Type.String({
        description:
          'Start, included: ISO 8601 with a zone, or milliseconds since 1970. Default: an hour before `to`.',
      }),
    ),
    to: Type.Optional(Type.String({ description: 'End, not included; as `from`. Default: now.' })),
    every: Type.Optional(
      Type.String({
        description:
          'Length of a window, such as 10s, 5m, 1h, 1d: one value per window. Default: every reading.',
      }),
    ),
    fn: Type.Optional(
      Type.Enum([...AGGREGATES], {
        description:
          'What becomes of a window’s readings. Default: mean. Needs `every`. Percentiles (p50 and so on) are within 1 %, of quantities with `hasPercentiles` in the catalogue.',
      }),
    ),
    groupBy: Type.Optional(
      Type.String({
        description: `Tags separated by commas; series that agree in them become one. Of: ${TAGS.join(', ')}.`,
      }),
    ),
  },
  { additionalProperties: false },
);

const QueryReply = Type.Object({
  measurement: Type.String(),
  field: Type.String(),
  unit: Type.String(),
  series: Type.Array(
    Type.Object({
      tags: TagsReply,
      timeMs: Type.Array(TimeMs),
      value: Type.Array(Value),
      quality: Type.Optional(Type.Array(QualityName, { description: 'Only where there is no `every`.' })),
    }),
  ),
});

export const queryRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/query',
    {
      schema: {
        operationId: 'query',
        summary: 'Readings of one quantity over a time, as they came or one value per window',
        description: `Always bounded in time; an answer of more than ${MAX_POINTS} points is refused with QUERY_TOO_LARGE.`,
        querystring: QueryQuery,
        response: { 200: QueryReply, ...storeErrors },
      },
    },
    async (request) => {
      const query = storeQuery(request.query, clock.nowMs(), whoAsks(request));
      const found = await sources.store.query(query);
      const { measurement, field } = query;
      return {
        measurement,
        field,
        unit: await unitOf(sources.store, measurement, field, whoAsks(request)),
        series: found.map(({ tags, timeMs, value, status }) => ({
          tags,
          timeMs: timeMs as number[],
          value: value as (number | string)[],
          ...(status && { quality: status.map(qualityOf) }),
        })),
      };
    },
  );
};

function storeQuery(query: Static<typeof QueryQuery>, nowMs: number, scope: Scope): SeriesQuery {
  const toMs = query.to === undefined ? nowMs : parseTime('to', query.to);
  const fromMs = query.from === undefined ? toMs - DEFAULT_RANGE_MS : parseTime('from', query.from);
  if (fromMs >= toMs) {
    throw requestInvalid('from', { en: 'must be before "to"', zh: '必须早于 "to"' });
  }
  if (query.fn !== undefined && query.every === undefined) {
    throw requestInvalid('fn', {
      en: 'needs "every", such as every=5m',
      zh: '需要同时给出 "every"，例如 every=5m',
    });
  }
  const { measurement, field } = query;
  if (query.fn !== undefined && quantileOf(query.fn) !== undefined) assertPercentiles(measurement, field);
  return {
    ...seriesFilter(query, scope),
    measurement,
    field,
    fromMs,
    toMs,
    maxPoints: MAX_POINTS,
    ...(query.every !== undefined && {
      window: { everyMs: parseDuration('every', query.every), fn: query.fn ?? 'mean' },
    }),
    ...(query.groupBy !== undefined && { groupBy: parseTags('groupBy', query.groupBy) }),
  };
}

function assertPercentiles(measurement: string, field: string): void {
  if (findQuantity(measurement, field)?.hasPercentiles) return;
  const name = quoted(`${measurement}/${field}`);
  throw requestInvalid('fn', {
    en: `percentiles are not kept of ${name}; see hasPercentiles in /api/v1/quantities`,
    zh: `${name} 不保存百分位数；请参见 /api/v1/quantities 中的 hasPercentiles`,
  });
}

function parseTags(field: string, text: string): Tag[] {
  const names = text === '' ? [] : text.split(',');
  const unknown = names.find((name) => !TAGS.includes(name as Tag));
  if (unknown !== undefined) {
    const allowed = TAGS.join(', ');
    throw requestInvalid(field, {
      en: `${quoted(unknown)} is not a tag; allowed, separated by commas: ${allowed}`,
      zh: `${quoted(unknown)} 不是标签；可用标签（以逗号分隔）：${allowed}`,
    });
  }
  return [...new Set(names as Tag[])];
}

/** From the catalogue, or for what a foreign gateway named, as it was born. */
async function unitOf(
  store: Pick<Store, 'series'>,
  measurement: string,
  field: string,
  scope: Scope,
): Promise<string> {
  const known = findQuantity(measurement, field);
  if (known) return known.unit;
  return (await store.series(seriesFilter({ measurement, field }, scope)))[0]?.unit ?? '';
}
