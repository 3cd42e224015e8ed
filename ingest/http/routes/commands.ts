import { randomUUID } from 'node:crypto';
import { type Static, Type } from 'typebox';
import { type Scope, seesSite } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import { formatMetricName } from '../../../core/sparkplug/metric-name.ts';
import { accounted } from '../../access/accounted.ts';
import type { CommandRecord } from '../../commands/command-record.ts';
import { COMMAND_STATES } from '../../commands/command-state.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { issuerOf } from '../issuer-of.ts';
import { parseTime } from '../parse-time.ts';
import { assertSite, gatewayWords, sitesWithin } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { AnyOf, commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';
import { parseLimit, parsePlace } from './events.ts';

const name = (description: string) => Type.String({ minLength: 1, maxLength: 256, description });

const Body = Type.Object(
  {
    site: name('Site'),
    gateway: name('Gateway'),
    device: Type.Optional(
      Type.String({ maxLength: 64, description: 'Device; empty for the gateway itself.' }),
    ),
    metric: Type.Optional(name('Metric name, such as irrigation/valve_state/v1; or the three below.')),
    measurement: Type.Optional(name('Measurement, such as irrigation.')),
    field: Type.Optional(name('Field of the measurement, such as valve_state.')),
    point: Type.Optional(name('Point, such as v1, where the device has several.')),
    value: Type.Union([Type.Number(), Type.Boolean()], { description: 'In the canonical unit.' }),
    leaseS: Type.Optional(
      Type.Number({ description: 'After so long the gateway closes by itself; only closing needs none.' }),
    ),
    validForS: Type.Optional(
      Type.Number({ description: 'It must not act later than this; 1 to 3600, 30 where not given.' }),
    ),
    issuer: Type.Optional(name('On whose behalf, for the record; told after the name that is signed in.')),
    id: Type.Optional(name('Chosen by the issuer, unique for ever: a repeat is the same command.')),
  },
  { additionalProperties: false },
);

const CommandReply = Type.Object({
  id: Type.String(),
  site: Type.String(),
  gateway: Type.String(),
  device: Type.String(),
  metric: Type.String(),
  value: Type.Union([Type.Number(), Type.Boolean()]),
  leaseS: Type.Number(),
  issuer: Type.String(),
  submittedMs: TimeMs,
  expiresAtMs: TimeMs,
  state: Type.Enum([...COMMAND_STATES], {
    description: 'unanswered: its time was over and nothing is known; if an answer comes late, it is shown.',
  }),
  answeredMs: Type.Optional(TimeMs),
  isLate: Type.Optional(Type.Boolean({ description: 'The answer came after it had been given up.' })),
  leaseEndsMs: Type.Optional(TimeMs),
  reason: Type.Optional(
    Type.Object({ code: Type.Optional(Type.String()), en: Type.String(), zh: Type.String() }),
  ),
});

const Query = Type.Object(
  {
    site: Type.Optional(AnyOf('site')),
    gateway: Type.Optional(AnyOf('gateway')),
    device: Type.Optional(AnyOf('device')),
    state: Type.Optional(Type.Enum([...COMMAND_STATES])),
    from: Type.Optional(
      Type.String({ description: 'Submitted from: ISO 8601 with a zone, or epoch milliseconds.' }),
    ),
    to: Type.Optional(Type.String({ description: 'Submitted before.' })),
    limit: Type.Optional(
      Type.String({ description: 'Commands in one answer: 1 to 1000, 100 where not given.' }),
    ),
    after: Type.Optional(Type.String({ description: '`next` of the answer before.' })),
  },
  { additionalProperties: false },
);

const CommandsReply = Type.Object({
  commands: Type.Array(CommandReply, { description: 'Newest first.' }),
  next: Type.Optional(Type.String({ description: 'Where the list goes on; absent at its end.' })),
});

const fileError = {
  503: errorRef('The file of the commands cannot be used just now, or too many are under way.'),
};

export const commandsRoute: Route = (app, { sources }) => {
  app.post(
    '/api/v1/commands',
    {
      bodyLimit: 16_384,
      config: { may: 'command' },
      schema: {
        operationId: 'postCommand',
        summary: 'Asks a gateway to set a point, under a lease',
        description:
          'Taken and on disk when 202 comes; what became of it is told by the command itself. Sent every two seconds until its gateway answers or its time is over.',
        querystring: NoQuery,
        body: Body,
        response: {
          202: CommandReply,
          ...commonErrors,
          404: errorRef('The gateway, device or metric is not known.'),
          409: errorRef('It is offline, cannot be written, or the id is taken.'),
          ...fileError,
        },
      },
    },
    async (request, reply) => {
      const wish = wishOf(request.body, issuerOf(request, request.body.issuer));
      const { id, site, ...after } = wish;
      const { name: who } = whoAsks(request);
      assertSite(whoAsks(request), site, gatewayWords(site, wish.gateway));
      const entry = { who, action: 'command.submitted', subject: id, site, after };
      // Water that runs cannot be called back: a valve is closed also where that cannot be put on record.
      const isUrgent = wish.value === false || wish.value === 0;
      const submit = () => sources.commands.submit(wish);
      return reply.code(202).send(shown(await accounted(sources.audit, entry, submit, isUrgent)));
    },
  );
  app.get(
    '/api/v1/commands/:id',
    {
      schema: {
        operationId: 'getCommand',
        summary: 'One command and what became of it',
        params: Type.Object({ id: Type.String({ maxLength: 64 }) }),
        querystring: NoQuery,
        response: {
          200: CommandReply,
          ...commonErrors,
          404: errorRef('There is no such command.'),
          ...fileError,
        },
      },
    },
    async (request) => {
      const { id } = request.params;
      const record = sources.commands.get(id);
      if (!record || !seesSite(whoAsks(request), record.site))
        throw new SluiceError('NOT_FOUND', { what: { en: `command ${id}`, zh: `命令 ${id}` } });
      return shown(record);
    },
  );
  app.get(
    '/api/v1/commands',
    {
      schema: {
        operationId: 'getCommands',
        summary: 'Commands, newest first',
        querystring: Query,
        response: { 200: CommandsReply, ...commonErrors, ...fileError },
      },
    },
    async (request) => {
      const { query } = request;
      const limit = parseLimit(query.limit);
      const found = sources.commands.find({ ...commandFilter(query, whoAsks(request)), limit: limit + 1 });
      const commands = found.slice(0, limit).map(({ record }) => shown(record));
      const last = found[limit - 1]?.place;
      return found.length > limit && last ? { commands, next: `${last.timeMs}-${last.seq}` } : { commands };
    },
  );
};

function wishOf(body: Static<typeof Body>, issuer: string) {
  const { id = randomUUID(), site, gateway, device = '', value, leaseS = 0, validForS = 30 } = body;
  return { id, site, gateway, device, value, leaseS, validForS, metric: metricOf(body), issuer };
}

function metricOf({ metric, measurement, field, point = '' }: Static<typeof Body>): string {
  const isByParts = measurement !== undefined && field !== undefined;
  if (metric !== undefined && measurement === undefined && field === undefined) return metric;
  if (metric === undefined && isByParts) return formatMetricName({ measurement, field, point });
  throw requestInvalid('metric', {
    en: 'give either metric, or measurement and field (and point)',
    zh: '请给出 metric，或者 measurement 与 field（及 point），二者择一',
  });
}

function commandFilter(
  { site, gateway, device, state, from, to, after }: Static<typeof Query>,
  scope: Scope,
) {
  const place = parsePlace(after);
  const sites = sitesWithin(scope, site);
  return {
    ...(sites ? { sites } : {}),
    ...(gateway ? { gateways: gateway } : {}),
    ...(device ? { devices: device } : {}),
    ...(state ? { state } : {}),
    ...(from === undefined ? {} : { fromMs: parseTime('from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('to', to) }),
    ...(place ? { after: place } : {}),
  };
}

function shown(record: CommandRecord): Static<typeof CommandReply> {
  const { id, site, gateway, device, metric, value, leaseMs, issuer, submittedMs, expiresAtMs } = record;
  const { state, answer, isLate } = record;
  return {
    ...{
      id,
      site,
      gateway,
      device,
      metric,
      value,
      leaseS: leaseMs / 1000,
      issuer,
      submittedMs,
      expiresAtMs,
      state,
    },
    ...(answer ? { answeredMs: answer.timeMs } : {}),
    ...(isLate ? { isLate } : {}),
    ...(answer?.leaseEndsMs === undefined ? {} : { leaseEndsMs: answer.leaseEndsMs }),
    ...(answer?.reason ? { reason: answer.reason } : {}),
  };
}
