import { Type } from 'typebox';
import { QUANTITIES } from '../../../core/quantities.ts';
import type { Route } from '../app.ts';
import { commonErrors, NoQuery } from '../schemas.ts';

const Label = Type.Object({ en: Type.String(), zh: Type.String() });

const QuantityReply = Type.Object({
  measurement: Type.String(),
  field: Type.String(),
  unit: Type.String({ description: 'Canonical unit; empty for states and counts.' }),
  min: Type.Number({ description: 'A value below cannot be a measurement of this quantity.' }),
  max: Type.Number({ description: 'A value above cannot be a measurement of this quantity.' }),
  kind: Type.Enum(['gauge', 'counter', 'state', 'text']),
  en: Type.String({ description: 'Label in English.' }),
  zh: Type.String({ description: 'Label in Chinese.' }),
  decimals: Type.Integer({ description: 'Digits after the point that are worth showing.' }),
  states: Type.Optional(
    Type.Record(Type.String(), Label, { description: 'What each number of a state means.' }),
  ),
  hasPercentiles: Type.Optional(
    Type.Boolean({ description: 'Whether a query may ask for p50, p95, p99 and p99.9.' }),
  ),
});

export const quantitiesRoute: Route = (app) => {
  app.get(
    '/api/v1/quantities',
    {
      schema: {
        operationId: 'getQuantities',
        summary: 'The catalogue: what can be measured, in which unit, and what it is called',
        querystring: NoQuery,
        response: { 200: Type.Object({ quantities: Type.Array(QuantityReply) }), ...commonErrors },
      },
    },
    () => ({ quantities: [...QUANTITIES] }),
  );
};
