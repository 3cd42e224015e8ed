import { type Static, Type } from 'typebox';
import type { Scope } from '../../../core/access.ts';
import { FORMATS, type Format } from '../../export/encoder.ts';
import type { ExportRequest } from '../../export/exporter.ts';
import { AGGREGATES } from '../../stores/store.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseDuration } from '../parse-duration.ts';
import { parseTime } from '../parse-time.ts';
import { requestInvalid } from '../request-invalid.ts';
import { errorRef, SeriesFilterQuery, seriesFilter, storeErrors } from '../schemas.ts';

const TYPES: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8; header=present',
  // Not registered with IANA; what Apache Parquet names itself by.
  parquet: 'application/vnd.apache.parquet',
  geojson: 'application/geo+json',
};

const ExportQuery = Type.Object(
  {
    ...SeriesFilterQuery.properties,
    format: Type.Enum([...FORMATS], { description: 'CSV (RFC 4180), Apache Parquet or GeoJSON (RFC 7946).' }),
    from: Type.String({
      description: 'Start, included: ISO 8601 with a zone, or milliseconds since 1970.',
    }),
    to: Type.Optional(Type.String({ description: 'End, not included; as `from`. Default: now.' })),
    every: Type.Optional(
      Type.String({
        description: 'Length of a window, such as 10s, 5m, 1h, 1d: one value per window, of raw readings.',
      }),
    ),
    fn: Type.Optional(Type.Enum([...AGGREGATES], { description: 'Default: mean. Needs `every`.' })),
    bom: Type.Optional(
      Type.Enum(['true', 'false'], {
        description:
          'Whether a CSV begins with a byte order mark, as Excel needs it for Chinese. Default: false.',
      }),
    ),
  },
  { additionalProperties: false },
);

const FileReply = Type.Unsafe<NodeJS.ReadableStream>({
  description: 'The file.',
  content: Object.fromEntries(Object.values(TYPES).map((type) => [type, { schema: { type: 'string' } }])),
});

export const exportRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/export',
    {
      schema: {
        operationId: 'export',
        summary: 'Readings of any time as a file',
        description:
          'Streamed and without limit. An answer that ends without its end (a chunked body cut off) is not the whole: something failed on the way, and it must be asked for again.',
        querystring: ExportQuery,
        response: {
          200: FileReply,
          ...storeErrors,
          429: errorRef('As many exports as are allowed are under way.'),
        },
      },
    },
    async (request, reply) => {
      const wanted = exportRequest(request.query, clock.nowMs(), whoAsks(request));
      const stream = await sources.exporter.open(wanted);
      return reply
        .type(TYPES[wanted.format])
        .header('content-disposition', `attachment; filename="${fileName(request.query, wanted)}"`)
        .send(stream);
    },
  );
};

function exportRequest(query: Static<typeof ExportQuery>, nowMs: number, scope: Scope): ExportRequest {
  const fromMs = parseTime('from', query.from);
  const toMs = query.to === undefined ? nowMs : parseTime('to', query.to);
  if (fromMs >= toMs) throw requestInvalid('from', { en: 'must be before "to"', zh: '必须早于 "to"' });
  if (query.fn !== undefined && query.every === undefined) {
    throw requestInvalid('fn', {
      en: 'needs "every", such as every=5m',
      zh: '需要同时给出 "every"，例如 every=5m',
    });
  }
  return {
    format: query.format as Format,
    query: { ...seriesFilter(query, scope), fromMs, toMs },
    hasBom: query.bom === 'true',
    ...(query.every !== undefined && {
      window: { everyMs: parseDuration('every', query.every), fn: query.fn ?? 'mean' },
    }),
  };
}

/** Such as `demo-farm_soil_moisture_20260601T060000Z_20260701T000000Z.csv`: only characters that every system takes. */
function fileName(
  query: Static<typeof ExportQuery>,
  { format, query: { fromMs, toMs } }: ExportRequest,
): string {
  const { site = [], measurement, field } = query;
  const names = [site.length === 1 ? site[0] : 'sluice', measurement, field].filter((one) => !!one);
  const times = [fromMs, toMs].map((ms) => new Date(ms).toISOString().replace(/[-:]|\.\d+/g, ''));
  const safe = [...names, ...times].join('_').replace(/[^\w+-]+/g, '-');
  return `${safe.slice(0, 150)}.${format}`;
}
