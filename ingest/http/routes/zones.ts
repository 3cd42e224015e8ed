import { type Static, Type } from 'typebox';
import { seesSite } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import { ID_PATTERN } from '../../../core/ids.ts';
import { type Zone, ZoneWish } from '../../../core/zones/zone.ts';
import { DATUMS, writeGeoJson } from '../../zones/write-geojson.ts';
import type { Changer } from '../../zones/zone-book.ts';
import type { Route } from '../app.ts';
import { entityTag, isKnown } from '../entity-tag.ts';
import { whoAsks } from '../identity.ts';
import { languageOf } from '../language-of.ts';
import { AnyOf, commonErrors, errorRef, IfNoneMatch, NoQuery, TimeMs, Unchanged } from '../schemas.ts';

const strict = { additionalProperties: false };
const id = Type.String({ pattern: ID_PATTERN });

export const ZoneReply = Type.Object({
  ...ZoneWish.properties,
  areaM2: Type.Optional(Type.Number({ description: 'Geodesic area of its outline on WGS-84, m².' })),
  version: Type.Integer({ description: 'Counts its changes; a change names the one that it was made from.' }),
  setBy: Type.String(),
  setMs: TimeMs,
});

const Version = Type.Object(
  { version: Type.Integer({ minimum: 1, description: 'The one that was read.' }) },
  strict,
);
const Change = Type.Object(
  { ...Type.Omit(ZoneWish, ['site', 'id']).properties, ...Version.properties },
  strict,
);
const Place = Type.Object({ site: id, id });

const ImportReply = Type.Object({
  added: Type.Array(Type.String(), { description: 'As site/zone.' }),
  changed: Type.Array(Type.String()),
  unchanged: Type.Array(Type.String()),
  mended: Type.Array(
    Type.Object({ index: Type.Integer(), zone: Type.String(), messages: Type.Array(Type.String()) }),
    { description: 'What was put right or left out of features that came in.' },
  ),
  refused: Type.Array(Type.Object({ index: Type.Integer(), code: Type.String(), message: Type.String() }), {
    description: 'Features that did not come in, by their place in the file, from 0.',
  }),
});

const errors = {
  ...commonErrors,
  404: errorRef('There is no such zone.'),
  409: errorRef('It exists already, or was changed since it was read.'),
  503: errorRef('The file of the zones cannot be used just now.'),
};
/** A file of two thousand fields fits. */
const IMPORT_BYTES = 16_777_216;
/** One zone with as many points as it may have. */
const ZONE_BYTES = 262_144;

export const zonesRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/zones',
    {
      config: { may: 'read' },
      schema: {
        operationId: 'getZones',
        summary: 'Zones: name, crop, stage, soil, outline in WGS-84, area',
        description: 'To poll, send the `ETag` of the last reply as `If-None-Match`: outlines are large.',
        querystring: Type.Object({ site: Type.Optional(AnyOf('site')) }, strict),
        headers: IfNoneMatch,
        response: { 200: Type.Object({ zones: Type.Array(ZoneReply) }), 304: Unchanged, ...commonErrors },
      },
    },
    async (request, reply) => {
      const zones = seen(request, request.query.site);
      // A zone is as it was as long as its version is; one that was deleted and made anew has another time.
      const tag = entityTag(zones.map(({ site, id, version, setMs }) => [site, id, version, setMs]));
      reply.header('etag', tag);
      if (isKnown(request.headers['if-none-match'], tag)) return reply.code(304).send(undefined);
      return { zones };
    },
  );
  app.post(
    '/api/v1/zones',
    {
      config: { may: 'zones' },
      bodyLimit: ZONE_BYTES,
      schema: {
        operationId: 'postZone',
        summary: 'Adds a zone',
        querystring: NoQuery,
        body: ZoneWish,
        response: { 201: ZoneReply, ...errors },
      },
    },
    async (request, reply) => {
      const by = changerOf(request);
      by.mayChange(request.body.site);
      return reply.code(201).send(shown(sources.zones.add(request.body, by)));
    },
  );
  app.put(
    '/api/v1/zones/:site/:id',
    {
      config: { may: 'zones' },
      bodyLimit: ZONE_BYTES,
      schema: {
        operationId: 'putZone',
        summary: 'Changes a zone; what is left out of the body is no longer set',
        params: Place,
        querystring: NoQuery,
        body: Change,
        response: { 200: ZoneReply, ...errors },
      },
    },
    async (request) => {
      const by = changerOf(request);
      by.mayChange(request.params.site);
      const { version, ...wish } = request.body;
      return shown(sources.zones.change({ ...wish, ...request.params }, version, by));
    },
  );
  app.delete(
    '/api/v1/zones/:site/:id',
    {
      config: { may: 'zones' },
      schema: {
        operationId: 'deleteZone',
        summary:
          'Forgets a zone; readings keep its tag, devices that were placed in it by hand are placed nowhere',
        params: Place,
        querystring: NoQuery,
        body: Version,
        response: { 200: ZoneReply, ...errors },
      },
    },
    async (request) => {
      const by = changerOf(request);
      const { site, id: zone } = request.params;
      by.mayChange(site);
      return shown(sources.zones.remove(site, zone, request.body.version, by));
    },
  );
  app.post(
    '/api/v1/zones/import',
    {
      config: { may: 'zones', anyText: true },
      bodyLimit: IMPORT_BYTES,
      schema: {
        operationId: 'importZones',
        summary: 'Adds and changes zones from GeoJSON (RFC 7946, WGS-84)',
        description:
          'A feature is the zone of its id, or else of its name. A bad one is refused, and the others come in. What a file says nothing of stays; nothing is deleted.',
        querystring: Type.Object(
          {
            site: Type.Optional(
              Type.String({ pattern: ID_PATTERN, description: 'Of features that name none.' }),
            ),
          },
          strict,
        ),
        body: Type.Object({}, { additionalProperties: true, description: 'A FeatureCollection.' }),
        response: { 200: ImportReply, ...errors },
      },
    },
    async (request) => {
      const language = languageOf(request.headers['accept-language']);
      const { mended, refused, added, changed, unchanged } = sources.zones.importGeoJson(
        ...([request.body, request.query.site, changerOf(request)] as const),
      );
      return {
        ...{ added: [...added], changed: [...changed], unchanged: [...unchanged] },
        mended: mended.map(({ words, ...rest }) => ({
          ...rest,
          messages: words.map((one) => one[language]),
        })),
        refused: refused.map(({ index, error }) => ({
          index,
          code: error.code,
          message: error.text(language),
        })),
      };
    },
  );
  app.get(
    '/api/v1/zones/export',
    {
      config: { may: 'read' },
      schema: {
        operationId: 'exportZones',
        summary: 'Zones with an outline as GeoJSON; `datum` in the file says which coordinates it has',
        description:
          'wgs84 as RFC 7946 asks for; gcj02 for maps of China, shifted inside its bounds only, and refused when it is imported here.',
        querystring: Type.Object(
          {
            site: Type.Optional(AnyOf('site')),
            datum: Type.Optional(Type.Enum([...DATUMS], { description: 'wgs84 where not given.' })),
          },
          strict,
        ),
        response: {
          200: Type.Unsafe<unknown>({ type: 'object', description: 'A FeatureCollection.' }),
          ...commonErrors,
        },
      },
    },
    async (request, reply) => {
      const { site, datum = 'wgs84' } = request.query;
      return reply
        .header('content-disposition', `attachment; filename="zones-${datum}.geojson"`)
        .type('application/geo+json; charset=utf-8')
        .send(writeGeoJson(seen(request, site), datum));
    },
  );

  function seen(request: Parameters<typeof whoAsks>[0], sites: readonly string[] | undefined) {
    const identity = whoAsks(request);
    return sources.zones
      .find()
      .filter(({ site }) => seesSite(identity, site) && (sites?.includes(site) ?? true))
      .map(shown);
  }
};

/** Whoever asks, and a guard for each site that they would change. */
export function changerOf(
  request: Parameters<typeof whoAsks>[0],
): Changer & Required<Pick<Changer, 'mayChange'>> {
  const identity = whoAsks(request);
  return {
    who: identity.name,
    mayChange(site) {
      // As if it were not there: which sites there are is not for everybody.
      if (!seesSite(identity, site))
        throw new SluiceError('NOT_FOUND', { what: { en: `site ${site}`, zh: `站点 ${site}` } });
    },
  };
}

function shown(zone: Zone): Static<typeof ZoneReply> {
  return { ...zone };
}
