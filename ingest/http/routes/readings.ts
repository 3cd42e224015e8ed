import type { FastifyRequest } from 'fastify';
import { type Static, Type } from 'typebox';
import { seesSite } from '../../../core/access.ts';
import { ERRORS, type Language, SluiceError } from '../../../core/errors.ts';
import { assertId } from '../../../core/ids.ts';
import { TIME_UNITS, type TimeUnit } from '../../doors/line-protocol/time-unit.ts';
import type { Entry, Posted, PostOutcome } from '../../doors/post-desk.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { languageOf } from '../language-of.ts';
import { requestInvalid } from '../request-invalid.ts';
import { commonErrors, errorRef } from '../schemas.ts';

/** Refusals that one answer names; the others are counted. */
const MOST_NAMED = 100;

/** The gateway of readings that name none: a tag needs one. */
const HTTP_GATEWAY = 'http';

const SENML = ['application/senml+json', 'application/senml+cbor'];
const LINES = ['text/plain', 'application/vnd.influxdata.line-protocol'];

const id = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 64, description }));

const Query = Type.Object(
  {
    site: id('Site of everything that names none; SenML needs it.'),
    device: id('Device of everything that names none; SenML needs it.'),
    gateway: id(`Gateway of everything that names none; "${HTTP_GATEWAY}" where not given.`),
    precision: Type.Optional(
      Type.Enum(Object.keys(TIME_UNITS) as TimeUnit[], {
        description: 'What times of line protocol count; ns where not given.',
      }),
    ),
  },
  { additionalProperties: false },
);

const outcome = {
  stored: Type.Number({ description: 'Readings that the store has.' }),
  rejectedCount: Type.Number({
    description: 'Readings, or whole lines, refused for a reason that no repeat mends.',
  }),
  rejected: Type.Array(
    Type.Object({
      at: Type.Number({ description: 'Line or record, counted from 1.' }),
      code: Type.String(),
      message: Type.String(),
    }),
    { description: `The first ${MOST_NAMED} of them.` },
  ),
  untimed: Type.Number({
    description:
      'Readings without a time, which got that of their arrival: sent again, they are other readings.',
  }),
};

const Outcome = Type.Object(outcome);
const AllRefused = Type.Object(
  {
    ...Type.Partial(Outcome).properties,
    code: Type.String(),
    message: Type.String(),
    details: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number()])),
  },
  { description: 'The request is not valid, or not one of its readings could be stored (READINGS_REFUSED).' },
);

const bytes = (description: string) => ({ schema: Type.Unsafe<unknown>({ description }) });
const Body = {
  content: {
    'application/senml+json': bytes('A SenML pack (RFC 8428).'),
    'application/senml+cbor': bytes('A SenML pack (RFC 8428).'),
    'text/plain': bytes('Line protocol of InfluxDB, UTF-8: measurement,site=…,device=… field=value time'),
    'application/vnd.influxdata.line-protocol': bytes('The same.'),
  },
};

export const readingsRoute: Route = (app, { sources }) => {
  // In a scope of its own, as its bodies are read in another way than those of all others.
  app.register(async (scope) => {
    const entries = new WeakMap<object, Entry>();
    scope.addHook('onRequest', (request, reply, done) => {
      kindOf(request);
      const entry = sources.readings.enter();
      entries.set(request.raw, entry);
      // Also where the client goes before its answer.
      reply.raw.once('close', entry.leave);
      done();
    });
    scope.removeAllContentTypeParsers();
    scope.addContentTypeParser('*', (request: FastifyRequest, payload: AsyncIterable<Uint8Array>) =>
      readBody(payload, entries.get(request.raw)!),
    );
    scope.post(
      '/api/v1/readings',
      {
        config: { may: 'readings' },
        schema: {
          operationId: 'postReadings',
          summary: 'Stores readings of systems without MQTT',
          description:
            'Answered once the store has them. 200 where at least one was stored or there was none, with those that were refused; the same readings sent again do no harm where they have times. Content-Encoding gzip, deflate or br is accepted. After 503, send the same again.',
          querystring: Query,
          body: Body as unknown as ReturnType<typeof Type.Unknown>,
          response: {
            200: Outcome,
            ...commonErrors,
            400: AllRefused,
            413: errorRef('Too many bytes, or too many readings, for one request.'),
            503: errorRef(
              'The store is away, slow, or there is no room; Retry-After says when to send again.',
            ),
          },
        },
      },
      async (request, reply) => {
        if (!(request.body instanceof Uint8Array)) {
          throw requestInvalid('body', { en: 'there is none; send readings', zh: '缺少正文；请发送读数' });
        }
        const found = await sources.readings.post(
          postedOf(request, request.query as Static<typeof Query>, request.body),
        );
        const language = languageOf(request.headers['accept-language']);
        const shown = shownOutcome(found, language);
        if (found.stored > 0 || found.rejected.length === 0) return shown;
        const error = new SluiceError('READINGS_REFUSED', { count: found.rejected.length });
        const { code } = error;
        const said = { code, message: error.text(language), details: error.detailsIn(language) };
        return reply.code(ERRORS.READINGS_REFUSED.http).send({ ...said, ...shown });
      },
    );
  });
};

/** The whole body, unpacked; bounded as it comes, so that a small one which unpacks to much costs no more. */
async function readBody(payload: AsyncIterable<Uint8Array>, entry: Entry): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of payload) {
    entry.add(chunk.length);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function kindOf({ headers }: FastifyRequest): 'senml' | 'lines' {
  const type = (headers['content-type'] ?? '').split(';', 1)[0]!.trim().toLowerCase();
  if (SENML.includes(type)) return 'senml';
  if (LINES.includes(type)) return 'lines';
  const known = [...SENML, ...LINES].join(', ');
  throw requestInvalid('content-type', {
    en: `${JSON.stringify(type.slice(0, 80))} is not taken here; say which of ${known} it is`,
    zh: `不接受 ${JSON.stringify(type.slice(0, 80))}；请注明为 ${known} 之一`,
  });
}

function postedOf(request: FastifyRequest, query: Static<typeof Query>, body: Uint8Array): Posted {
  const { name, role, ...scope } = whoAsks(request);
  const refusal = (site: string) =>
    seesSite(scope, site)
      ? undefined
      : new SluiceError('NOT_PERMITTED', { name, role, wanted: `readings of ${site}` });
  const { site, device, precision } = query;
  const gateway = assertId('gateway', query.gateway ?? HTTP_GATEWAY);
  for (const [kind, value] of Object.entries({ site, device }))
    if (value !== undefined) assertId(kind, value);
  if (kindOf(request) === 'lines') {
    const defaults = { site, gateway, device: device ?? '' };
    return { kind: 'lines', bytes: body, unit: precision ?? 'ns', defaults, refusal };
  }
  if (site === undefined || device === undefined) {
    throw requestInvalid(site === undefined ? 'site' : 'device', {
      en: 'missing: a SenML pack does not say it, so the address must (?site=…&device=…)',
      zh: '缺少：SenML 中不含此项，请在地址中给出（?site=…&device=…）',
    });
  }
  return { kind: 'senml', bytes: body, sender: { site, gateway, device }, refusal };
}

function shownOutcome(
  { stored, rejected, untimed }: PostOutcome,
  language: Language,
): Static<typeof Outcome> {
  const named = rejected.slice(0, MOST_NAMED);
  return {
    ...{ stored, untimed, rejectedCount: rejected.length },
    rejected: named.map(({ at, error }) => ({ at, code: error.code, message: error.text(language) })),
  };
}
