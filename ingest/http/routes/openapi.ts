import { Type } from 'typebox';
import type { Route } from '../app.ts';
import { commonErrors, NoQuery } from '../schemas.ts';

export const openapiRoute: Route = (app) => {
  let text: string | undefined;
  app.get(
    '/api/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        summary: 'This description',
        querystring: NoQuery,
        response: {
          200: Type.Unsafe<string>({
            type: 'object',
            additionalProperties: true,
            description: 'OpenAPI 3.1',
          }),
          ...commonErrors,
        },
      },
    },
    async (_request, reply) => {
      // Routes do not change once the app is up.
      text ??= JSON.stringify(app.swagger());
      return reply.type('application/json; charset=utf-8').send(text);
    },
  );
};
