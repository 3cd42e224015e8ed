import { type Static, Type } from 'typebox';
import type { Route } from '../app.ts';
import { parseTime } from '../parse-time.ts';
import { requestInvalid } from '../request-invalid.ts';
import { commonErrors, errorRef, NoQuery, TimeMs } from '../schemas.ts';
import { parseLimit } from './events.ts';

const text = (description: string) => Type.Optional(Type.String({ maxLength: 256, description }));

const Query = Type.Object(
  {
    from: text('Start: ISO 8601 with a zone, or epoch milliseconds.'),
    to: text('End, not included.'),
    who: text('Name of an account or token; `sluice` for the program itself, `open` where sign-in is off.'),
    action: text('Such as `command.submitted`, or `command` for all that was done with commands.'),
    subject: text('Id of what it was done to.'),
    limit: text('Entries in one answer: 1 to 1000, 100 where not given.'),
    after: text('`next` of the answer before.'),
  },
  { additionalProperties: false },
);

const Entry = Type.Object({
  n: Type.Number({ description: 'Counted from 1 without a gap.' }),
  timeMs: TimeMs,
  who: Type.String(),
  action: Type.String(),
  subject: Type.String(),
  site: Type.Optional(Type.String()),
  before: Type.Optional(Type.Unknown({ description: 'What it was.' })),
  after: Type.Optional(Type.Unknown({ description: 'What it was to become.' })),
  why: Type.Optional(Type.String({ description: 'In the words of whoever did it.' })),
  hash: Type.String({ description: 'SHA-256 of the hash before it and of this entry (docs/access.md).' }),
});

const errors = { ...commonErrors, 503: errorRef('The file of the audit trail cannot be used just now.') };

export const auditRoute: Route = (app, { sources }) => {
  app.get(
    '/api/v1/audit',
    {
      config: { may: 'audit' },
      schema: {
        operationId: 'getAudit',
        summary: 'Who changed what, newest first',
        description:
          'An entry is written before what it tells of is done; where that was refused after all, an entry `….refused` follows.',
        querystring: Query,
        response: {
          200: Type.Object({
            entries: Type.Array(Entry),
            next: Type.Optional(Type.String({ description: 'Where the list goes on; absent at its end.' })),
          }),
          ...errors,
        },
      },
    },
    async ({ query }) => {
      const limit = parseLimit(query.limit);
      const found = sources.audit.find({ ...filterOf(query), limit: limit + 1 });
      const entries = found.slice(0, limit);
      const last = entries.at(-1);
      return found.length > limit && last ? { entries, next: String(last.n) } : { entries };
    },
  );
  app.get(
    '/api/v1/audit/check',
    {
      config: { may: 'audit' },
      schema: {
        operationId: 'checkAudit',
        summary: 'Whether every entry of the audit trail is there as it was written',
        querystring: NoQuery,
        response: {
          200: Type.Object({
            entries: Type.Number(),
            isWhole: Type.Boolean(),
            brokenAt: Type.Optional(
              Type.Number({ description: 'The first entry that is missing or is not what was written.' }),
            ),
            head: Type.Object(
              { n: Type.Number(), hash: Type.String() },
              { description: 'The newest entry, to write down elsewhere.' },
            ),
          }),
          ...errors,
        },
      },
    },
    async () => sources.audit.check(),
  );
};

function filterOf({ from, to, who, action, subject, after }: Static<typeof Query>) {
  return {
    ...(from === undefined ? {} : { fromMs: parseTime('from', from) }),
    ...(to === undefined ? {} : { toMs: parseTime('to', to) }),
    ...(who === undefined ? {} : { who }),
    ...(action === undefined ? {} : { action }),
    ...(subject === undefined ? {} : { subject }),
    ...(after === undefined ? {} : { before: parseEntry(after) }),
  };
}

function parseEntry(text: string): number {
  if (/^\d{1,15}$/.test(text)) return Number(text);
  throw requestInvalid('after', {
    en: 'must be "next" of the answer before',
    zh: '必须是上一次应答中的 "next"',
  });
}
