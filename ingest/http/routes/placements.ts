import { Type } from 'typebox';
import { seesSite } from '../../../core/access.ts';
import { ID_PATTERN } from '../../../core/ids.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { AnyOf, commonErrors, errorRef, NoQuery, storeErrors } from '../schemas.ts';
import { changerOf } from './zones.ts';

const strict = { additionalProperties: false };
const id = Type.String({ pattern: ID_PATTERN });
const Device = Type.Object({ site: id, gateway: id, device: id });

const PlacementReply = Type.Object({
  ...{ site: Type.String(), gateway: Type.String(), device: Type.String(), zone: Type.String() },
  by: Type.Enum(['hand', 'position', 'gateway'], {
    description: 'Who says so; by hand comes first, `gateway`: its readings come with the tag.',
  }),
  at: Type.Optional(Type.Object({ lat: Type.Number(), lon: Type.Number() })),
  tagged: Type.Optional(
    Type.Array(Type.String(), { description: 'Zones that readings of it come with all the same, and keep.' }),
  ),
});

const errors = {
  ...commonErrors,
  404: errorRef('The device has never spoken, or the zone is not known.'),
  503: errorRef('The file of the placements cannot be used just now.'),
};

export const placementsRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/placements',
    {
      config: { may: 'read' },
      schema: {
        operationId: 'getPlacements',
        summary: 'Devices in zones, and who says so',
        querystring: Type.Object({ site: Type.Optional(AnyOf('site')) }, strict),
        response: { 200: Type.Object({ placements: Type.Array(PlacementReply) }), ...storeErrors },
      },
    },
    async (request) => {
      const identity = whoAsks(request);
      const wanted = request.query.site;
      const placements = (await sources.placements.list()).filter(
        ({ site }) => seesSite(identity, site) && (wanted?.includes(site) ?? true),
      );
      return { placements };
    },
  );
  app.put(
    '/api/v1/placements/:site/:gateway/:device',
    {
      config: { may: 'zones' },
      schema: {
        operationId: 'putPlacement',
        summary:
          'Says which zone a device stands in; readings that come without one belong there from now on',
        params: Device,
        querystring: NoQuery,
        body: Type.Object({ zone: id }, strict),
        response: { 200: PlacementReply, ...errors },
      },
    },
    async (request) => {
      const by = changerOf(request);
      by.mayChange(request.params.site);
      return sources.placements.place(request.params, request.body.zone, by);
    },
  );
  app.delete(
    '/api/v1/placements/:site/:gateway/:device',
    {
      config: { may: 'zones' },
      schema: {
        operationId: 'deletePlacement',
        summary: 'Takes back what was said by hand',
        params: Device,
        querystring: NoQuery,
        response: { 204: Type.Null(), ...errors },
      },
    },
    async (request, reply) => {
      const by = changerOf(request);
      by.mayChange(request.params.site);
      sources.placements.unplace(request.params, by);
      return reply.code(204).send(null);
    },
  );
};
