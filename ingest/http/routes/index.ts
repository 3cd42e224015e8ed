import type { Route } from '../app.ts';
import { gatewaysRoute } from './gateways.ts';
import { healthRoute } from './health.ts';
import { lastRoute } from './last.ts';
import { metricsRoute } from './metrics.ts';
import { openapiRoute } from './openapi.ts';
import { quantitiesRoute } from './quantities.ts';
import { queryRoute } from './query.ts';
import { seriesRoute } from './series.ts';

export const ROUTES: readonly Route[] = [
  healthRoute,
  metricsRoute,
  openapiRoute,
  quantitiesRoute,
  gatewaysRoute,
  seriesRoute,
  lastRoute,
  queryRoute,
];
