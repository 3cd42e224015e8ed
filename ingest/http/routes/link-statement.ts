import { Readable } from 'node:stream';
import { Type } from 'typebox';
import { SluiceError } from '../../../core/errors.ts';
import { LINK_CLASSES, type LinkClass } from '../../../core/links/measures.ts';
import { statementHtml } from '../../sla/statement/html/statement-html.ts';
import type { Seal } from '../../sla/statement/seal.ts';
import { statementCsv } from '../../sla/statement/statement-csv.ts';
import type { Statement } from '../../sla/statement/statement-format.ts';
import type { Route } from '../app.ts';
import { whoAsks } from '../identity.ts';
import { assertLinks } from '../reach.ts';
import { requestInvalid } from '../request-invalid.ts';
import { errorRef, storeErrors } from '../schemas.ts';

const StatementQuery = Type.Object(
  {
    month: Type.String({
      maxLength: 20,
      description: 'Such as 2026-10; one that has not ended is provisional.',
    }),
    timeZone: Type.Optional(
      Type.String({ maxLength: 100, description: 'IANA name of the time zone of the month. Default: UTC.' }),
    ),
    link: Type.Optional(
      Type.Array(Type.String({ maxLength: 64 }), {
        maxItems: 100,
        description: 'Ids of links, also several times. Default: all.',
      }),
    ),
    class: Type.Optional(
      Type.Array(Type.Enum([...LINK_CLASSES]), { maxItems: 3, description: 'Links of these classes only.' }),
    ),
    format: Type.Optional(
      Type.Enum(['json', 'html', 'csv'], {
        description:
          'json, where not given: the signed file, which alone counts. html: to read and to print. csv: a row for each verdict. Both are copies, of some 30 links at most.',
      }),
    ),
  },
  { additionalProperties: false },
);

const File = Type.Unsafe<NodeJS.ReadableStream>({
  description: 'The signed statement (docs/statement.md).',
  content: { 'application/json': { schema: { type: 'object' } } },
});

const KeyReply = Type.Object({
  publicKey: Type.String({ description: 'Ed25519, SPKI in DER, base64.' }),
  fingerprint: Type.String({ description: 'SHA-256 of it, as people compare it.' }),
});

const TYPES = {
  json: 'application/json; charset=utf-8',
  html: 'text/html; charset=utf-8',
  csv: 'text/csv; charset=utf-8',
} as const;

/** A copy is made of the whole in memory; a month of a link at records of a minute is 1 MB. */
const MOST_COPIED_BYTES = 32 * 1_024 * 1_024;

/** The statement as a page or a table, made of the file as it would be handed out. */
async function copied(stream: Readable, format: 'html' | 'csv'): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of stream) {
    const part = Buffer.from(chunk);
    chunks.push(part);
    bytes += part.length;
    if (bytes > MOST_COPIED_BYTES)
      throw requestInvalid('format', {
        en: 'is for fewer links: ask for json, or name fewer with link=…',
        zh: '仅适用于较少的链路：请改用 json，或用 link=… 减少链路',
      });
  }
  const { statement, signature } = JSON.parse(Buffer.concat(chunks).toString()) as {
    statement: Statement;
    signature: Seal;
  };
  return format === 'html'
    ? statementHtml(statement, signature.sha256, ['en', 'zh'])
    : statementCsv(statement).verdicts!;
}

export const linkStatementRoute: Route = (app, { sources }) => {
  const { statements } = sources;
  if (!statements) return;
  app.get(
    '/api/v1/links/statement',
    {
      schema: {
        operationId: 'getLinkStatement',
        summary: 'A month of links as a signed statement, with its evidence',
        description:
          'Streamed. An answer that ends without its end (a chunked body cut off) is not the whole: it must be asked for again. `npm run sla -- statement` makes pages and tables of it, and `… verify` every figure anew.',
        querystring: StatementQuery,
        response: {
          200: File,
          ...storeErrors,
          404: errorRef('There is no such link.'),
          429: errorRef('As many statements as are allowed are being made.'),
        },
      },
      // Megabytes of base64: a second of work for a third of the size, and it never leaves the machine.
      compress: false,
    },
    async (request, reply) => {
      const { month, timeZone = 'UTC', link, class: classes, format = 'json' } = request.query;
      const { links: seen } = whoAsks(request);
      assertLinks(whoAsks(request), link ?? []);
      const links = link ?? (seen === 'all' ? undefined : [...seen]);
      if (links?.length === 0) throw new SluiceError('NOT_FOUND', { what: { en: 'link', zh: '链路' } });
      const stream = statements.open({
        ...{ month, zone: timeZone },
        ...(links && { links }),
        ...(classes && { classes: classes as LinkClass[] }),
      });
      const file = format === 'json' ? stream : Readable.from([await copied(stream, format)]);
      return reply
        .type(TYPES[format])
        .header('content-disposition', `attachment; filename="statement-${month}.${format}"`)
        .send(file);
    },
  );
  app.get(
    '/api/v1/links/statement/key',
    {
      schema: {
        operationId: 'getStatementKey',
        summary: 'The public key that statements are signed with',
        response: { 200: KeyReply, ...storeErrors },
      },
    },
    async () => statements.key(),
  );
};
