import type { Route } from '../app.ts';
import { accountsRoute, tokensRoute } from './accounts.ts';
import { alertsRoute } from './alerts.ts';
import { auditRoute } from './audit.ts';
import { careRoute } from './care.ts';
import { commandsRoute } from './commands.ts';
import { completenessRoute } from './completeness.ts';
import { contactsRoute } from './contacts.ts';
import { deadLettersRoute } from './dead-letters.ts';
import { deliveriesRoute } from './deliveries.ts';
import { eventsRoute } from './events.ts';
import { exportRoute } from './export.ts';
import { gatewaySetupRoute } from './gateway-setup.ts';
import { gatewaysRoute } from './gateways.ts';
import { healthRoute } from './health.ts';
import { lastRoute } from './last.ts';
import { linkBudgetRoute } from './link-budget.ts';
import { linkOutagesRoute } from './link-outages.ts';
import { linkStatementRoute } from './link-statement.ts';
import { linkVerdictsRoute } from './link-verdicts.ts';
import { linksRoute } from './links.ts';
import { maintenanceRoute } from './maintenance.ts';
import { metricsRoute } from './metrics.ts';
import { openapiRoute } from './openapi.ts';
import { placementsRoute } from './placements.ts';
import { quantitiesRoute } from './quantities.ts';
import { queryRoute } from './query.ts';
import { readingsRoute } from './readings.ts';
import { seriesRoute } from './series.ts';
import { sessionRoute } from './session.ts';
import { silencesRoute } from './silences.ts';
import { statusRoute } from './status.ts';
import { thresholdsRoute } from './thresholds.ts';
import { waterRoute } from './water.ts';
import { zonesRoute } from './zones.ts';

export const ROUTES: readonly Route[] = [
  healthRoute,
  metricsRoute,
  openapiRoute,
  quantitiesRoute,
  gatewaysRoute,
  completenessRoute,
  linksRoute,
  eventsRoute,
  deadLettersRoute,
  commandsRoute,
  careRoute,
  gatewaySetupRoute,
  statusRoute,
  seriesRoute,
  lastRoute,
  queryRoute,
  exportRoute,
  readingsRoute,
  linkStatementRoute,
  linkOutagesRoute,
  linkBudgetRoute,
  alertsRoute,
  contactsRoute,
  deliveriesRoute,
  silencesRoute,
  linkVerdictsRoute,
  maintenanceRoute,
  zonesRoute,
  placementsRoute,
  waterRoute,
  auditRoute,
  sessionRoute,
  accountsRoute,
  tokensRoute,
  thresholdsRoute,
];
