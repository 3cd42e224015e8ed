import type { ServiceContext } from '../core/context.ts';
import type { Service } from '../core/lifecycle.ts';
import { checkClusterConfig } from './cluster/check-cluster-config.ts';
import type { IngestConfig } from './config.ts';
import { createHttp } from './http/create-http.ts';
import type { ComponentHealth } from './http/sources.ts';
import { createAlerting } from './parts/alerting.ts';
import { createSelf, sourcesOf } from './parts/answers.ts';
import { createBooks } from './parts/books.ts';
import { createDataPath } from './parts/data-path.ts';
import { createGatewayDesks } from './parts/gateway-desks.ts';
import { createGround } from './parts/ground.ts';
import { createLinkDesks } from './parts/link-desks.ts';
import { UpkeepService } from './rollups/upkeep-service.ts';
import type { Store } from './stores/store.ts';
import { createStore, type StoreConfig } from './stores/stores.ts';

/**
 * Ingest: ledger, events, store, pipeline, HTTP and the connection to the broker, each with its own fate. Parts are made from what is
 * kept on the disk towards what talks to others, each of those made before it. They start in the order of the list below,
 * so what is read has somewhere to go, and stop in reverse, so what was read is still written.
 */
export function createIngest(
  config: IngestConfig,
  context: ServiceContext,
  store: Store = createStore(ownStore(config), context),
): readonly Service[] {
  checkClusterConfig(config);
  const ground = createGround(config, context, store);
  const books = createBooks(ground);
  const desks = createGatewayDesks(ground, books);
  const alerting = createAlerting(ground, books);
  const path = createDataPath(ground, books, desks, alerting);
  const links = createLinkDesks(ground, books);
  const self = createSelf(ground, books, alerting, links);
  const { clock, log, configFolder } = ground;
  const upkeep = store.upkeep
    ? new UpkeepService(config.retention, { store, upkeep: store.upkeep, clock, log })
    : undefined;
  for (const book of [books.thresholds, books.zones])
    book.onChange(() => {
      alerting.alerts.thresholdsChanged();
      self?.soon();
    });
  const health = () => healthOf(context, essential);
  const sources = sourcesOf({ ground, books, desks, alerting, path, links, upkeep, health });
  const http = createHttp(config.http, sources, { clock, log, configFolder });

  // Without an essential one no reading can be taken in or shown, so that the whole is down.
  const list: readonly [Service | undefined, 'essential' | 'minor'][] = [
    [books.ledger, 'essential'],
    [books.births, 'essential'],
    [books.audit, 'minor'],
    [books.access, 'essential'],
    [books.zones, 'minor'],
    [books.events, 'essential'],
    [books.letters, 'essential'],
    [store, 'essential'],
    [path.placements, 'minor'],
    [books.mesh, 'minor'],
    [desks.plans, 'essential'],
    [books.maintenance, 'minor'],
    [books.thresholds, 'minor'],
    [alerting.alerts, 'minor'],
    [alerting.notify, 'minor'],
    [links.evidence, 'minor'],
    [self, 'minor'],
    [desks.live, 'essential'],
    [path.pipeline, 'essential'],
    [desks.commands, 'essential'],
    [desks.care, 'essential'],
    [upkeep, 'minor'],
    [desks.door, 'essential'],
    [announced(http, () => `Sluice: ${http.url}/`, context), 'essential'],
    [alone(path.subscriber, books.ledger, context), 'essential'],
    [path.senml && alone(path.senml, books.ledger, context), 'minor'],
  ];
  const present = list.flatMap(([service, weight]) => (service ? [{ service, weight }] : []));
  const essential = new Set(
    present.filter(({ weight }) => weight === 'essential').map(({ service }) => service.name),
  );
  return present.map(({ service }) => service);
}

/** Workers of a cluster share one database, and none of them knows what the others write: so it has no roll-ups. */
function ownStore({ store, cluster }: IngestConfig): StoreConfig {
  return store.kind === 'influx' && cluster ? { ...store, rollUps: false } : store;
}

/** Every service of this process; those of others, such as a gateway, may be down without the whole being down. */
function healthOf(context: ServiceContext, essential: ReadonlySet<string>): ComponentHealth[] {
  return Array.from(context.states(), ([name, service]) => ({
    name,
    state: service.state,
    essential: essential.has(name),
    ...(service.state === 'down' ? { error: service.error } : {}),
  }));
}

/**
 * `service` stays away while another process holds the data folder, by `ledger`: the broker would end the connection of that other
 * ingest, which comes under the same client id, and readings would go to this one, which can keep none of them.
 */
function alone(service: Service, ledger: Service, context: ServiceContext): Service {
  return {
    name: service.name,
    async start(signal) {
      const held = context.states().get(ledger.name);
      if (held?.state === 'down' && held.error.code === 'DATA_FOLDER_IN_USE') throw held.error;
      await service.start(signal);
    },
    stop: () => service.stop(),
    trouble: () => service.trouble?.(),
  };
}

/** Tells the person at the terminal once `service` is up, and again whenever it has come back. */
function announced(service: Service, line: () => string, context: ServiceContext): Service {
  return {
    name: service.name,
    async start(signal) {
      await service.start(signal);
      context.announce(line());
    },
    stop: () => service.stop(),
  };
}
