import { Type } from 'typebox';
import type { Route } from '../app.ts';
import { commonErrors, NoQuery } from '../schemas.ts';

export const openapiRoute: Route = (app) => {
  app.get(
    '/api/openapi.json',
    {
      schema: {
        operationId: 'getOpenApi',
        summary: 'This description',
        querystring: NoQuery,
        response: {
          200: Type.Object({}, { additionalProperties: true, description: 'OpenAPI 3.1' }),
          ...commonErrors,
        },
      },
    },
    () => ({ ...app.swagger() }),
  );
};
