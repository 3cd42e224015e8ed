import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { type Identity, type Scope, seesLink } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import { ID_PATTERN } from '../../../core/ids.ts';
import { accounted } from '../../access/accounted.ts';
import { MAINTENANCE_ACTIONS } from '../../sla/maintenance/maintenance-book.ts';
import {
  isRetroactive,
  type MaintenanceScope,
  type MaintenanceTime,
  type MaintenanceWindow,
  type MaintenanceWish,
} from '../../sla/maintenance/maintenance-window.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { issuerOf } from '../issuer-of.ts';
import { parseRange, rangeQuery } from '../parse-range.ts';
import { parseTime } from '../parse-time.ts';
import { assertLinks } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';
import type { HttpSources } from '../sources.ts';

const strict = { additionalProperties: false };
const ids = (description: string) =>
  Type.Optional(
    Type.Array(Type.String({ pattern: ID_PATTERN }), { maxItems: 1_000, uniqueItems: true, description }),
  );
const who = Type.Optional(
  Type.String({
    minLength: 1,
    maxLength: 64,
    description: 'On whose behalf, for the record; told after the name that is signed in.',
  }),
);
const why = Type.String({ minLength: 1, maxLength: 500, description: 'Shown wherever the window applies.' });

const Body = Type.Object(
  {
    links: ids('Ids of links.'),
    pops: ids('Ids of points of presence: all links from and to them.'),
    networks: ids('Ids of networks: all links from and to them.'),
    from: Type.String({ description: 'ISO 8601 with a zone, or milliseconds since 1970.' }),
    to: Type.String({ description: 'End, not included; as `from`.' }),
    ...{ reason: why, issuer: who },
  },
  strict,
);
const Withdrawal = Type.Object({ reason: why, issuer: who }, strict);

const Time = Type.Object({
  links: Type.Array(Type.String()),
  pops: Type.Array(Type.String()),
  networks: Type.Array(Type.String()),
  fromMs: TimeMs,
  toMs: TimeMs,
});

export const MaintenanceReply = Type.Object({
  id: Type.String(),
  ...Time.properties,
  reason: Type.String(),
  issuer: Type.String(),
  createdMs: TimeMs,
  enteredMs: Type.Number({ description: 'When it was given what it says now; UTC ms.' }),
  retroactive: Type.Boolean({
    description: 'Entered, changed or withdrawn after it began: it takes out something else than `planned`.',
  }),
  planned: Type.Union([Time, Type.Null()], {
    description:
      'What it was to take out when it began; null where it was entered later, or withdrawn before.',
  }),
  withdrawn: Type.Optional(Type.Object({ ms: TimeMs, by: Type.String(), reason: Type.String() })),
});

const Id = Type.Object({ id: Type.String({ maxLength: 64 }) });
const errors = {
  ...commonErrors,
  404: errorRef('There is no such window.'),
  503: errorRef('The file of the windows cannot be used just now.'),
};
const withdrawn = { 409: errorRef('The window was withdrawn, and stays so.') };

export const maintenanceRoute: Route = (app, { sources, clock }) => {
  app.get(
    '/api/v1/maintenance',
    {
      schema: {
        operationId: 'getMaintenance',
        summary: 'Maintenance windows that reach into a time, withdrawn ones too',
        querystring: Type.Object(rangeQuery, strict),
        response: { 200: Type.Object({ windows: Type.Array(MaintenanceReply) }), ...errors },
      },
    },
    async (request) => {
      const who = whoAsks(request);
      const { fromMs, toMs } = parseRange(request.query, clock.nowMs());
      const found = sources.maintenance.find(fromMs, toMs).filter((one) => touches(one, who, sources.mesh));
      return { windows: found.map((one) => shownWindow(one, who)) };
    },
  );
  app.post(
    '/api/v1/maintenance',
    {
      config: { may: 'maintenance' },
      schema: {
        operationId: 'postMaintenance',
        summary: 'Takes a time out of the verdicts on links',
        description:
          'On disk when 201 comes. A window that is entered after it began is marked retroactive, and verdicts are given with and without it.',
        querystring: NoQuery,
        body: Body,
        response: { 201: MaintenanceReply, ...errors },
      },
    },
    async (request, reply) => {
      const wish = wishOf(request);
      assertOwn(wish, whoAsks(request));
      assertKnown(wish, sources.mesh);
      const entry = entryOf(request, 'entered', 'new', wish.reason);
      const enter = () => sources.maintenance.enter(wish);
      return reply
        .code(201)
        .send(
          shownWindow(await accounted(sources.audit, { ...entry, after: wish }, enter), whoAsks(request)),
        );
    },
  );
  app.get(
    '/api/v1/maintenance/:id',
    {
      schema: {
        operationId: 'getMaintenanceWindow',
        summary: 'One window, and every change of it',
        params: Id,
        querystring: NoQuery,
        response: {
          200: Type.Object({
            window: MaintenanceReply,
            changes: Type.Array(
              Type.Object({
                atMs: TimeMs,
                action: Type.Enum([...MAINTENANCE_ACTIONS]),
                issuer: Type.String(),
                window: MaintenanceReply,
              }),
              { description: 'Oldest first; `window` as it was after the change.' },
            ),
          }),
          ...errors,
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      const who = whoAsks(request);
      const window = sources.maintenance.get(id);
      if (!touches(window, who, sources.mesh)) throw noWindow(id);
      return {
        window: shownWindow(window, who),
        changes: sources.maintenance
          .changes(id)
          .map(({ window, ...change }) => ({ ...change, window: shownWindow(window, who) })),
      };
    },
  );
  app.put(
    '/api/v1/maintenance/:id',
    {
      config: { may: 'maintenance' },
      schema: {
        operationId: 'putMaintenanceWindow',
        summary: 'Changes a window; what it said before stays in its record',
        params: Id,
        querystring: NoQuery,
        body: Body,
        response: { 200: MaintenanceReply, ...errors, ...withdrawn },
      },
    },
    async (request) => {
      const { id } = request.params;
      const [before, wish] = [sources.maintenance.get(id), wishOf(request)];
      const who = whoAsks(request);
      if (!touches(before, who, sources.mesh)) throw noWindow(id);
      for (const one of [before, wish]) assertOwn(one, who);
      assertKnown(wish, sources.mesh, before);
      const entry = { ...entryOf(request, 'changed', id, wish.reason), before, after: wish };
      return shownWindow(
        await accounted(sources.audit, entry, () => sources.maintenance.change(id, wish)),
        who,
      );
    },
  );
  app.post(
    '/api/v1/maintenance/:id/withdraw',
    {
      config: { may: 'maintenance' },
      schema: {
        operationId: 'withdrawMaintenanceWindow',
        summary: 'Withdraws a window: it is shown, and takes nothing out any more',
        params: Id,
        querystring: NoQuery,
        body: Withdrawal,
        response: { 200: MaintenanceReply, ...errors, ...withdrawn },
      },
    },
    async (request) => {
      const { params, body } = request;
      const [{ id }, { issuer, reason }] = [params, body];
      const [before, who] = [sources.maintenance.get(id), whoAsks(request)];
      if (!touches(before, who, sources.mesh)) throw noWindow(id);
      assertOwn(before, who);
      const entry = { ...entryOf(request, 'withdrawn', id, reason), before };
      const by = issuerOf(request, issuer);
      return shownWindow(
        await accounted(sources.audit, entry, () => sources.maintenance.withdraw(id, by, reason)),
        who,
      );
    },
  );
};

/** Without the names of links that `scope` does not see. */
export function shownWindow(window: MaintenanceWindow, scope: Scope): Static<typeof MaintenanceReply> {
  const { planned, ...rest } = window;
  return {
    ...{ ...rest, ...shownTime(window, scope) },
    ...{ retroactive: isRetroactive(window), planned: planned && shownTime(planned, scope) },
  };
}

function shownTime(
  { links, pops, networks, fromMs, toMs }: MaintenanceTime,
  scope: Scope,
): Static<typeof Time> {
  return {
    links: links.filter((link) => seesLink(scope, link)),
    pops: [...pops],
    networks: [...networks],
    fromMs,
    toMs,
  };
}

/** Whether it takes anything out of what `scope` sees: by name, or by an end of a link. */
function touches(
  { links, pops, networks }: Pick<MaintenanceWindow, 'links' | 'pops' | 'networks'>,
  scope: Scope,
  mesh: HttpSources['mesh'],
): boolean {
  if (scope.links === 'all' || links.some((link) => seesLink(scope, link))) return true;
  const named = new Set([...pops, ...networks]);
  return mesh
    .links()
    .some(
      ({ id, from, to }) =>
        seesLink(scope, id) && [from.id, to.id, from.network, to.network].some((one) => named.has(one)),
    );
}

/** A point or a network has links of others: only links of one's own may be taken out. */
function assertOwn(
  { links, pops, networks }: Pick<MaintenanceWish, 'links' | 'pops' | 'networks'>,
  who: Identity,
) {
  assertLinks(who, links);
  if (who.links === 'all' || pops.length + networks.length === 0) return;
  throw new SluiceError('NOT_PERMITTED', { name: who.name, role: who.role, wanted: 'all links' });
}

/**
 * A name that is mistyped takes nothing out, and whoever relies on it learns so from the alerts of the night. What `before` has may have gone from
 * the mesh since, and without a mesh in force no name is known.
 */
function assertKnown(wish: MaintenanceScope, mesh: HttpSources['mesh'], before?: MaintenanceScope) {
  const { version, pops, networks } = mesh.mesh();
  if (version === '') return;
  const known = { links: mesh.links(), pops, networks };
  for (const field of ['links', 'pops', 'networks'] as const) {
    const ids = new Set([...known[field].map(({ id }) => id), ...(before?.[field] ?? [])]);
    const absent = wish[field].find((id) => !ids.has(id));
    if (absent !== undefined)
      throw requestInvalid(field, {
        en: `the mesh has no "${absent}"; GET /api/v1/mesh and /api/v1/links tell what it has`,
        zh: `网格中没有 "${absent}"；请查看 GET /api/v1/mesh 与 /api/v1/links`,
      });
  }
}

function noWindow(id: string): SluiceError {
  return new SluiceError('NOT_FOUND', { what: { en: `maintenance window ${id}`, zh: `维护窗口 ${id}` } });
}

function entryOf(request: FastifyRequest, verb: string, subject: string, why: string) {
  return { who: whoAsks(request).name, action: `maintenance.${verb}`, subject, why };
}

function wishOf(request: FastifyRequest<{ Body: Static<typeof Body> }>): MaintenanceWish {
  const { from, to, issuer, reason, links = [], pops = [], networks = [] } = request.body;
  const [fromMs, toMs] = [parseTime('from', from), parseTime('to', to)];
  if (fromMs >= toMs) throw requestInvalid('from', { en: 'must be before "to"', zh: '必须早于 "to"' });
  if (links.length + pops.length + networks.length === 0) {
    throw requestInvalid('links', {
      en: 'name at least one link, point of presence (pops) or network (networks)',
      zh: '请至少指定一条链路、一个接入点（pops）或一个网络（networks）',
    });
  }
  return { ...{ links, pops, networks, fromMs, toMs, reason }, issuer: issuerOf(request, issuer) };
}
