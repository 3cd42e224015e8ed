import type { ServiceContext } from '../../core/context.ts';
import { AlertDesk } from '../alerts/alert-desk.ts';
import type { OwnTrouble } from '../alerts/own-trouble.ts';
import { NotifyDesk } from '../notify/notify-desk.ts';
import { createWays } from '../notify/ways/ways.ts';
import { bornGateways } from '../session/registry.ts';
import type { Books } from './books.ts';
import type { Ground } from './ground.ts';

export type Alerting = ReturnType<typeof createAlerting>;

/** What is wrong now, and who is told of it. Each needs the other: what is raised is told, and what nobody got is itself wrong. */
export function createAlerting(ground: Ground, { mesh, maintenance, thresholds, zones, audit }: Books) {
  const { config, context, store, clock, log, folder, configFolder, host, outlet } = ground;
  const alerts: AlertDesk = new AlertDesk(config.alerts, {
    ...{ store, clock, log, folder, maintenance },
    mesh: () => mesh.mesh,
    gateways: () => bornGateways(host),
    tell: (events) => notify.along(events),
    changed: () => notify.look(),
    undelivered: () => notify.undelivered(),
    judging: {
      book: thresholds,
      liveWithinS: config.liveWithinS,
      cropOf: (site, zone) => zones.cropOf(site, zone),
      zoneName: (site, zone) => (zones.has(site, zone) ? zones.get(site, zone).name : undefined),
    },
    own: () => ownTroubles(context, [store.name, 'pipeline', outlet.connection.name]),
  });
  const notify: NotifyDesk = new NotifyDesk(config.notify, {
    ...{ folder, clock, log, audit, alerts },
    ways: createWays(config.notify, {
      ...{ configFolder, clock, log },
      publish: (topic, payload) => outlet.publishSurely(topic, payload),
      isConnected: () => outlet.connection.trouble() === undefined,
    }),
  });
  return { alerts, notify };
}

/** Those parts that are down, with why. */
function ownTroubles(context: ServiceContext, names: readonly string[]): OwnTrouble[] {
  const states = context.states();
  return names.flatMap((name) => {
    const service = states.get(name);
    return service?.state === 'down' ? [{ name, error: service.error }] : [];
  });
}
