import { type Static, Type } from 'typebox';
import { type Scope, seesSite } from '../../../core/access.ts';
import { SluiceError } from '../../../core/errors.ts';
import { clockOf, qualityOf } from '../../../core/reading.ts';
import { accounted } from '../../access/accounted.ts';
import { type KeptLetter, LETTER_KINDS, type RefusedReading } from '../../letters/letter.ts';
import type { LetterFilter } from '../../letters/letter-file.ts';
import { isReplayable } from '../../letters/refused-reading.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { parseTime } from '../parse-time.ts';
import { sitesWithin } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { AnyOf, ClockName, commonErrors, errorRef, NoQuery, QualityName, TimeMs } from '../schemas.ts';
import { parseLimit } from './events.ts';

const STATES = ['waiting', 'replayed'] as const;
const Code = Type.String({ pattern: '^[A-Z_]{1,64}$', description: 'Only this error of the catalogue.' });
const Kind = Type.Enum([...LETTER_KINDS], {
  description:
    'quarantine: its time cannot be right; reading: any other value; message: bytes of which nothing came.',
});
const Time = (description: string) =>
  Type.String({
    description: `${description} By when it came: ISO 8601 with a zone, or epoch milliseconds.`,
  });

const filters = {
  site: Type.Optional(AnyOf('site')),
  gateway: Type.Optional(AnyOf('gateway')),
  code: Type.Optional(Code),
  kind: Type.Optional(Kind),
  from: Type.Optional(Time('Start.')),
  to: Type.Optional(Time('End, not included.')),
};
const closed = { additionalProperties: false };

const Query = Type.Object(
  {
    ...filters,
    state: Type.Optional(Type.Enum([...STATES])),
    limit: Type.Optional(
      Type.String({ description: 'Letters in one answer: 1 to 1000, 100 where not given.' }),
    ),
    after: Type.Optional(Type.String({ description: '`next` of the answer before.' })),
  },
  closed,
);

const ReadingReply = Type.Object({
  device: Type.String({ description: 'Empty for the gateway itself.' }),
  metric: Type.String(),
  properties: Type.Record(Type.String(), Type.String(), {
    description: 'What its birth said: `engUnit`, `zone`, `link`, `class`.',
  }),
  value: Type.Union([Type.Number(), Type.String(), Type.Boolean(), Type.Null()], {
    description: 'As it came; null where it was no value that can be kept.',
  }),
  timeMs: TimeMs,
  sentMs: Type.Number({ description: 'When its message was made, by the clock of its gateway.' }),
  quality: QualityName,
  clock: ClockName,
  isHistorical: Type.Boolean(),
});

const LetterReply = Type.Object({
  id: Type.Number(),
  site: Type.String({ description: 'Empty where nobody knows who sent it.' }),
  gateway: Type.String(),
  kind: Kind,
  code: Type.String({ description: 'From the error catalogue.' }),
  reason: Type.Object({ en: Type.String(), zh: Type.String() }),
  receivedMs: TimeMs,
  state: Type.Enum([...STATES]),
  triedMs: Type.Optional(Type.Number({ description: 'When it was last tried again.' })),
  isReplayable: Type.Boolean(),
  reading: Type.Optional(ReadingReply),
  clockErrorMs: Type.Optional(
    Type.Number({
      description:
        'In quarantine: how far the clock of its gateway was ahead (or, negative, behind) when it sent this, the way included. Near 0, the clock is right by now and only this stamp is wrong.',
    }),
  ),
  source: Type.Optional(Type.String({ description: 'Where a message came in.' })),
  payload: Type.Optional(Type.String({ description: 'Its bytes as Base64, as far as kept.' })),
});

const CountReply = Type.Object({
  site: Type.String(),
  gateway: Type.String(),
  code: Type.String(),
  waiting: Type.Number(),
  replayed: Type.Number(),
  more: Type.Number({
    description: 'Like these, and only counted, because too many came in a minute. They cannot be replayed.',
  }),
  gone: Type.Number({ description: 'Taken away by age or for want of room before they were replayed.' }),
});

const fileError = { 503: errorRef('The file of the letters, or the store, cannot be used just now.') };

export const deadLettersRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/dead-letters',
    {
      schema: {
        operationId: 'getDeadLetters',
        summary: 'What was refused for good, with its reason, newest first, and how many there are',
        querystring: Query,
        response: {
          200: Type.Object({
            letters: Type.Array(LetterReply),
            counts: Type.Array(CountReply, {
              description: 'Of all time, for the gateways and the code that were asked for.',
            }),
            next: Type.Optional(Type.String({ description: 'Where the list goes on; absent at its end.' })),
          }),
          ...commonErrors,
          ...fileError,
        },
      },
    },
    async (request) => {
      const { query } = request;
      const { state, limit: wanted, after, ...given } = query;
      const limit = parseLimit(wanted);
      const before = after === undefined ? undefined : parseId('after', after);
      const filter = { ...filterOf(given, whoAsks(request)), ...(state ? { state } : {}) };
      const place = { limit: limit + 1, ...(before === undefined ? {} : { before }) };
      const found = sources.letters.find(filter, place);
      const letters = found.slice(0, limit).map((letter) => shown(letter));
      const counts = sources.letters.counts().filter((one) => isWanted(one, filter));
      const last = letters.at(-1);
      return found.length > limit && last ? { letters, counts, next: String(last.id) } : { letters, counts };
    },
  );
  app.get(
    '/api/v1/dead-letters/:letter',
    {
      schema: {
        operationId: 'getDeadLetter',
        summary: 'One letter; a message with its bytes',
        params: Type.Object({ letter: Type.String({ maxLength: 16 }) }),
        querystring: NoQuery,
        response: {
          200: LetterReply,
          ...commonErrors,
          404: errorRef('There is no such letter.'),
          ...fileError,
        },
      },
    },
    async (request) => {
      const { params } = request;
      const letter = sources.letters.get(parseId('letter', params.letter));
      if (letter && seesSite(whoAsks(request), letter.site)) return shown(letter, true);
      const what = { en: `dead letter ${params.letter}`, zh: `拒收数据 ${params.letter}` };
      throw new SluiceError('NOT_FOUND', { what });
    },
  );
  app.post(
    '/api/v1/dead-letters/replay',
    {
      config: { may: 'settings' },
      schema: {
        operationId: 'postReplay',
        summary: 'Tries letters again, up to a thousand, oldest first',
        description:
          'They are judged and stored like any reading, with their own time. What is refused again stays, with the new reason. A repeat does no harm.',
        querystring: NoQuery,
        body: Type.Object(
          {
            ...filters,
            shiftMs: Type.Optional(
              Type.Integer({
                minimum: -Number.MAX_SAFE_INTEGER,
                maximum: Number.MAX_SAFE_INTEGER,
                description: 'Added to the time of each reading; 0 where not given.',
              }),
            ),
            isDryRun: Type.Optional(Type.Boolean({ description: 'Judge, and change nothing.' })),
            after: Type.Optional(Type.Integer({ minimum: 0, description: '`next` of the answer before.' })),
          },
          closed,
        ),
        response: {
          200: Type.Object({
            lookedAt: Type.Number({ description: 'replayed + refused + notReplayable + unanswered' }),
            replayed: Type.Number({ description: 'In the store now; in a dry run, what would be tried.' }),
            refused: Type.Record(Type.String(), Type.Number(), { description: 'Again, by code.' }),
            notReplayable: Type.Number({ description: 'Messages, and values that were none.' }),
            unanswered: Type.Number({ description: 'The store was away or busy: they wait as before.' }),
            next: Type.Optional(Type.Number({ description: 'Where to go on; absent at the end.' })),
          }),
          ...commonErrors,
          ...fileError,
        },
      },
    },
    async (request) => {
      const { shiftMs = 0, isDryRun = false, after, ...given } = request.body;
      const place = after === undefined ? {} : { after };
      const replay = () =>
        sources.replay({ ...filterOf(given, whoAsks(request)), shiftMs, isDryRun, ...place });
      if (isDryRun) return replay();
      const entry = { who: whoAsks(request).name, action: 'dead-letters.replayed', subject: 'dead-letters' };
      return accounted(sources.audit, { ...entry, after: { ...given, shiftMs, ...place } }, replay);
    },
  );
};

function filterOf(
  { site, gateway, code, kind, from, to }: Static<ReturnType<typeof Type.Object<typeof filters>>>,
  scope: Scope,
): LetterFilter {
  const sites = sitesWithin(scope, site);
  return {
    ...(sites ? { sites } : {}),
    ...(gateway ? { gateways: gateway } : {}),
    ...(code ? { codes: [code] } : {}),
    ...(kind ? { kind } : {}),
    ...(from === undefined ? {} : { fromMs: parseTime('from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('to', to) }),
  };
}

function isWanted(
  { site, gateway, code }: { site: string; gateway: string; code: string },
  { sites, gateways, codes }: LetterFilter,
): boolean {
  const fits = (wanted: readonly string[] | undefined, value: string) => wanted?.includes(value) ?? true;
  return fits(sites, site) && fits(gateways, gateway) && fits(codes, code);
}

function parseId(field: string, text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw requestInvalid(field, { en: 'must be a number of this list', zh: '必须是该列表中的编号' });
}

function shown(letter: KeptLetter, isWhole = false): Static<typeof LetterReply> {
  const { id, site, gateway, kind, code, details, receivedMs, state, triedMs, content } = letter;
  const { reading, message } = content;
  const error = new SluiceError(code, details);
  return {
    ...{ id, site, gateway, kind, code, receivedMs, state },
    reason: { en: error.text('en'), zh: error.text('zh') },
    ...(triedMs === undefined ? {} : { triedMs }),
    isReplayable: state === 'waiting' && reading !== undefined && isReplayable(reading),
    ...(reading ? { reading: shownReading(reading) } : {}),
    ...(reading && kind === 'quarantine' ? { clockErrorMs: reading.sentMs - receivedMs } : {}),
    ...(message ? { source: message.source } : {}),
    ...(message && isWhole ? { payload: Buffer.from(message.bytes).toString('base64') } : {}),
  };
}

function shownReading({ name, status, device, properties, value, ...rest }: RefusedReading) {
  const { timeMs, sentMs, isHistorical } = rest;
  return {
    ...{ device, metric: name, properties, value, timeMs, sentMs, isHistorical },
    ...{ quality: qualityOf(status), clock: clockOf(status) },
  };
}
