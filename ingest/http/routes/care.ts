import { type Static, Type } from 'typebox';
import { may } from '../../../core/access.ts';
import { PROFILE_FILE } from '../../../core/care-request.ts';
import { SluiceError } from '../../../core/errors.ts';
import { LOG_LEVELS } from '../../../core/log.ts';
import { accounted } from '../../access/accounted.ts';
import type { CareWish } from '../../care/care-desk.ts';
import type { CareRecord } from '../../care/care-file.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { issuerOf } from '../issuer-of.ts';
import { assertSite, gatewayWords } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';
import type { HttpSources } from '../sources.ts';

const ACTIONS = [
  'read-config',
  'check-config',
  'apply-config',
  'roll-back',
  'restart',
  'set-log-level',
  'probe',
] as const;
/** A configuration with its profiles, as text in JSON. */
const MOST_BYTES = 600_000;
const MOST_LISTED = 100;

const Place = Type.Object({ site: Type.String({ maxLength: 64 }), gateway: Type.String({ maxLength: 64 }) });
const text = (description: string) => Type.String({ maxLength: 256_000, description });

/** What an action needs beside its name; everything else it refuses. */
const NEEDS: Readonly<Record<(typeof ACTIONS)[number], readonly (keyof Given)[]>> = {
  'read-config': [],
  'check-config': ['config'],
  'apply-config': ['config'],
  'roll-back': [],
  restart: [],
  'set-log-level': ['level', 'forS'],
  probe: ['device'],
};

const given = {
  config: Type.Optional(text('The settings file of the gateway, YAML.')),
  profiles: Type.Optional(
    Type.Record(Type.String({ pattern: PROFILE_FILE }), text('A profile, YAML.'), {
      additionalProperties: false,
      description: 'Profiles of its own, by file name, beside `config`; those not given stay as they are.',
    }),
  ),
  level: Type.Optional(Type.Enum([...LOG_LEVELS])),
  forS: Type.Optional(
    Type.Integer({ minimum: 1, maximum: 86_400, description: 'After so long the level is as before.' }),
  ),
  device: Type.Optional(Type.String({ maxLength: 64, description: 'The device to probe.' })),
};
type Given = Static<ReturnType<typeof Type.Object<typeof given>>>;

const Body = Type.Object(
  {
    action: Type.Enum([...ACTIONS], {
      description:
        'check-config and apply-config need `config`, set-log-level needs `level` and `forS`, probe needs `device`.',
    }),
    ...given,
    issuer: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 64,
        description: 'On whose behalf, for the record; told after the name that is signed in.',
      }),
    ),
    validForS: Type.Optional(
      Type.Number({ minimum: 1, maximum: 3_600, description: 'It must not act later; 60 where not given.' }),
    ),
  },
  { additionalProperties: false },
);

const CareReply = Type.Object({
  id: Type.String(),
  site: Type.String(),
  gateway: Type.String(),
  action: Type.Enum([...ACTIONS]),
  issuer: Type.String(),
  submittedMs: TimeMs,
  expiresAtMs: TimeMs,
  state: Type.Enum(['pending', 'done', 'failed', 'unanswered']),
  answeredMs: Type.Optional(TimeMs),
  result: Type.Optional(
    Type.Unknown({ description: 'Depends on the action: a configuration, what a probe saw.' }),
  ),
  reason: Type.Optional(
    Type.Object({ code: Type.Optional(Type.String()), en: Type.String(), zh: Type.String() }),
  ),
});

const fileError = {
  503: errorRef('The file of the requests cannot be used just now, or too many are open.'),
};

export const careRoute: Route = (app, { sources }) => {
  app.post(
    '/api/v1/gateways/:site/:gateway/care',
    {
      bodyLimit: MOST_BYTES,
      config: { may: 'settings' },
      schema: {
        operationId: 'postCare',
        summary:
          'Asks a gateway to read, check, try or roll back its configuration, to start anew, or to probe a device',
        description:
          'Taken and on disk when 202 comes; the gateway answers later. A configuration that does not come up is rolled back by the gateway itself.',
        params: Place,
        querystring: NoQuery,
        body: Body,
        response: {
          202: CareReply,
          ...commonErrors,
          404: errorRef('The gateway is not known.'),
          409: errorRef('It is offline.'),
          ...fileError,
        },
      },
    },
    async (request, reply) => {
      const { site, gateway } = request.params;
      assertSite(whoAsks(request), site, gatewayWords(site, gateway));
      const { issuer: given, validForS = 60, ...what } = request.body;
      refuseMismatch(what);
      const issuer = issuerOf(request, given);
      const wish: CareWish = { site, gateway, what: what as CareWish['what'], validForS, issuer };
      // A configuration may hold what is secret, and is in the record of care itself.
      const { config: _config, profiles: _profiles, action, ...after } = what;
      const entry = { who: whoAsks(request).name, action: `care.${action}`, subject: `${site}/${gateway}` };
      const submit = () => sources.care.submit(wish);
      const record = await accounted(sources.audit, { ...entry, site, after }, submit);
      return reply.code(202).send(shown(sources, record));
    },
  );
  app.get(
    '/api/v1/gateways/:site/:gateway/care',
    {
      schema: {
        operationId: 'getCares',
        summary: 'What was asked of a gateway itself, and by whom; the last hundred, newest first',
        params: Place,
        querystring: NoQuery,
        response: {
          200: Type.Object({ care: Type.Array(CareReply, { description: 'Without their results.' }) }),
          ...commonErrors,
          ...fileError,
        },
      },
    },
    async (request) => {
      const { site, gateway } = request.params;
      assertSite(whoAsks(request), site, gatewayWords(site, gateway));
      const found = sources.care.find(site, gateway, MOST_LISTED);
      return { care: found.map((record) => shown(sources, record, false)) };
    },
  );
  app.get(
    '/api/v1/gateways/:site/:gateway/care/:id',
    {
      schema: {
        operationId: 'getCare',
        summary: 'One request for care and what became of it',
        params: Type.Object({ ...Place.properties, id: Type.String({ maxLength: 64 }) }),
        querystring: NoQuery,
        description: 'The result is only for who may change settings: the settings of a gateway are in it.',
        response: {
          200: CareReply,
          ...commonErrors,
          404: errorRef('There is no such request.'),
          ...fileError,
        },
      },
    },
    async (request) => {
      const { site, gateway, id } = request.params;
      assertSite(whoAsks(request), site, gatewayWords(site, gateway));
      const record = sources.care.get(id);
      if (record?.site !== site || record.gateway !== gateway) {
        throw new SluiceError('NOT_FOUND', { what: { en: `care request ${id}`, zh: `维护请求 ${id}` } });
      }
      return shown(sources, record, may(whoAsks(request), 'settings'));
    },
  );
};

function refuseMismatch({ action, ...members }: Omit<Static<typeof Body>, 'issuer' | 'validForS'>): void {
  const needed = NEEDS[action];
  const missing = needed.find((name) => members[name] === undefined);
  if (missing) throw requestInvalid(missing, { en: `${action} needs it`, zh: `${action} 需要此项` });
  const isAllowed = (name: string) =>
    needed.some((one) => one === name) || (name === 'profiles' && needed.some((one) => one === 'config'));
  const extra = Object.keys(members).find((name) => !isAllowed(name));
  if (extra) throw requestInvalid(extra, { en: `${action} takes none`, zh: `${action} 不接受此项` });
}

function shown(sources: HttpSources, record: CareRecord, isWhole = true): Static<typeof CareReply> {
  const { site, gateway, request, submittedMs, answer } = record;
  const { id, action, issuer, expiresAtMs } = request;
  return {
    ...{ id, site, gateway, action, issuer, submittedMs, expiresAtMs },
    state: sources.care.stateOf(record),
    ...(answer ? { answeredMs: answer.timeMs } : {}),
    ...(answer?.result === undefined || !isWhole ? {} : { result: answer.result }),
    ...(answer?.reason ? { reason: answer.reason } : {}),
  };
}
