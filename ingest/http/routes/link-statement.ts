import { Type } from 'typebox';
import { LINK_CLASSES, type LinkClass } from '../../../core/links/measures.ts';
import type { Route } from '../app.ts';
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
    async ({ query: { month, timeZone = 'UTC', link, class: classes } }, reply) => {
      const stream = statements.open({
        ...{ month, zone: timeZone },
        ...(link && { links: link }),
        ...(classes && { classes: classes as LinkClass[] }),
      });
      return reply
        .type('application/json; charset=utf-8')
        .header('content-disposition', `attachment; filename="statement-${month}.json"`)
        .send(stream);
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
