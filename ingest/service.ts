import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { ServiceContext } from '../core/context.ts';
import { SluiceError } from '../core/errors.ts';
import type { Service } from '../core/lifecycle.ts';
import { readSecret } from '../core/read-secret.ts';
import { formatTopic } from '../core/sparkplug/topic.ts';
import { AccessDesk } from './access/access-desk.ts';
import { AuditTrail } from './access/audit-trail.ts';
import { AlertDesk } from './alerts/alert-desk.ts';
import type { OwnTrouble } from './alerts/own-trouble.ts';
import { AutomationDoor } from './automation/automation-door.ts';
import { CareDesk } from './care/care-desk.ts';
import { checkClusterConfig } from './cluster/check-cluster-config.ts';
import { ClusterLink } from './cluster/cluster-link.ts';
import { CommandDesk } from './commands/command-desk.ts';
import type { IngestConfig } from './config.ts';
import { diskRoom } from './disk-room.ts';
import { Door } from './doors/door.ts';
import { PostDesk } from './doors/post-desk.ts';
import { SenmlSubscriber } from './doors/senml/senml-subscriber.ts';
import type { EventSink } from './events/event-sink.ts';
import { EventStore } from './events/event-store.ts';
import { Exporter } from './export/exporter.ts';
import { createHttp } from './http/create-http.ts';
import type { ComponentHealth } from './http/sources.ts';
import { confirmCommands } from './ledger/confirm-command.ts';
import { LedgerBook } from './ledger/ledger-book.ts';
import { DeadLetters } from './letters/dead-letters.ts';
import { Replayer } from './letters/replayer.ts';
import { MeshBook } from './mesh/mesh-book.ts';
import { MeshViews } from './mesh/mesh-view.ts';
import { PlanDesk } from './mesh/plan-desk.ts';
import { NotifyDesk } from './notify/notify-desk.ts';
import { createWays } from './notify/ways/ways.ts';
import { Accounting } from './pipeline/accounting.ts';
import { LiveFilter } from './pipeline/live-filter.ts';
import { Pipeline } from './pipeline/pipeline.ts';
import { RefusalLog } from './pipeline/refusal-log.ts';
import { UpkeepService } from './rollups/upkeep-service.ts';
import { SelfWriter } from './self/self-writer.ts';
import { BirthCache } from './session/births/birth-cache.ts';
import { createHostState } from './session/host-state.ts';
import { bornGateways, gatewayStatuses } from './session/registry.ts';
import { Subscriber } from './session/subscriber.ts';
import { BudgetDesk } from './sla/budget/budget-desk.ts';
import { EvidenceBook } from './sla/evidence/evidence-book.ts';
import { MaintenanceBook } from './sla/maintenance/maintenance-book.ts';
import { statedExclusions } from './sla/maintenance/stated-exclusions.ts';
import { OutageDesk } from './sla/outages/outage-desk.ts';
import { StatementDesk } from './sla/statement/statement-desk.ts';
import { VerdictDesk } from './sla/verdict/verdict-desk.ts';
import type { Store } from './stores/store.ts';
import { createStore, type StoreConfig } from './stores/stores.ts';
import { ThresholdBook } from './thresholds/threshold-book.ts';
import { birthZones } from './zones/birth-zones.ts';
import { PlacementDesk } from './zones/placement-desk.ts';
import { WaterDesk } from './zones/water-desk.ts';
import { ZoneBook } from './zones/zone-book.ts';

/** How long the broker may take to acknowledge an alert. */
const BROKER_ANSWER_MS = 10_000;
const HOUR_MS = 3_600_000;

/** What statements name as their maker. */
const PROGRAM = `Sluice ${JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')).version}`;

/**
 * Ingest: ledger, events, store, pipeline, HTTP and the connection to the broker, each with its own fate. They start in this order,
 * so what is read has somewhere to go, and stop in reverse, so what was read is still written.
 */
export function createIngest(
  config: IngestConfig,
  context: ServiceContext,
  store: Store = createStore(ownStore(config), context),
): readonly Service[] {
  checkClusterConfig(config);
  const { clock, configFolder } = context;
  const log = context.log.child({ service: 'ingest' });
  const refusals = new RefusalLog(log, clock);
  const accounting = new Accounting();
  const { maxSeriesPerGateway } = config.pipeline;
  const host = createHostState({ ...config.session, hostId: config.hostId, maxSeriesPerGateway });
  const folder = join(context.dataFolder, 'ingest');
  const audit = new AuditTrail({ folder, clock, log });
  const { signIn, session, firstPasswordFile } = config.http;
  const access = new AccessDesk({
    ...{ folder, clock, audit, limits: { idleMs: HOUR_MS * session.idleH, mostMs: HOUR_MS * session.mostH } },
    ...(signIn === 'required' && {
      first: {
        password: () => (firstPasswordFile ? readSecret(firstPasswordFile, configFolder) : undefined),
        tell: (name, password) =>
          context.announce(`First sign-in: ${name}, password ${password} (shown only once / 仅显示这一次)`),
      },
    }),
  });
  const zones = new ZoneBook(config.zones, { folder, configFolder, clock, log, audit });
  const ledger = new LedgerBook(
    { folder, maxGateways: config.session.maxGateways, isShared: config.cluster !== undefined },
    {
      clock,
      log,
      confirm(site, gateway, confirmation) {
        const topic = formatTopic({ site, type: 'NCMD', gateway });
        for (const payload of confirmCommands(confirmation, clock.nowMs()))
          subscriber.publish(topic, payload);
      },
    },
  );
  const events = new EventStore(config.events, { folder, clock });
  const letters = new DeadLetters(config.letters, { folder, clock, log });
  const commands: CommandDesk = new CommandDesk(config.commands, {
    ...{ folder, clock, log, host },
    publish: (topic, payload) => subscriber.publish(topic, payload),
    changed: (record) => door?.commandChanged(record),
  });
  const care = new CareDesk({
    ...{ folder, clock, log, host },
    publish: (topic, payload) => subscriber.publish(topic, payload),
  });
  const door = config.automation.enabled
    ? new AutomationDoor({
        ...{ clock, refusals, store, commands },
        publish: (topic, payload, options) => subscriber.publish(topic, payload, options),
      })
    : undefined;
  const live = door && new LiveFilter(door, config.liveWithinS, { store, clock });
  const mesh = new MeshBook(config.mesh, {
    ...{ clock, log, configFolder, folder },
    maxSeriesOfAgent: maxSeriesPerGateway,
  });
  const plans = new PlanDesk({
    ...{ mesh, host, clock, log },
    publish: (topic, payload) => subscriber.publish(topic, payload),
  });
  const eventSink: EventSink = {
    keep(kept) {
      const fresh = events.keep(kept);
      // Also what is kept already: it comes again when something failed between there and here.
      commands.take(kept);
      care.take(kept);
      door?.events(fresh);
    },
  };
  const linkParts = { store, mesh: () => mesh.mesh, clock, log };
  const maintenance = new MaintenanceBook({ folder, clock, log });
  const thresholds = new ThresholdBook({ folder, clock, log, audit });
  const alerts: AlertDesk = new AlertDesk(config.alerts, {
    ...{ ...linkParts, folder, maintenance },
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
    own: () => ownTroubles(context, [store.name, 'pipeline', subscriber.name]),
  });
  const notify: NotifyDesk = new NotifyDesk(config.notify, {
    ...{ folder, clock, log, audit, alerts },
    ways: createWays(config.notify, {
      ...{ configFolder, clock, log },
      publish: (topic, payload) =>
        subscriber instanceof Subscriber
          ? subscriber.publishSurely(topic, payload, BROKER_ANSWER_MS)
          : Promise.reject(new SluiceError('WAY_NOT_SET_UP', { way: 'mqtt' })),
      isConnected: () => subscriber.trouble() === undefined,
    }),
  });
  const placements: PlacementDesk = new PlacementDesk({
    ...{ folder, clock, log, audit, store, zones },
    birthZones: (place) => birthZones(host, place),
    changed: () => pipeline.rebind(),
  });
  const pipelineParts = {
    store,
    placements,
    ledger,
    events: eventSink,
    live,
    watchers: [alerts, placements],
    accounting,
    refusals,
    letters,
    clock,
    log,
  };
  const pipeline: Pipeline = new Pipeline(config.pipeline, pipelineParts);
  const { maxAheadS } = config.pipeline;
  const replayer = new Replayer({ letters, pipeline, clock, maxAheadS });
  const births = new BirthCache(folder, { host, clock, log });
  const hostParts = { host, pipeline, ledger, births, plans, letters, refusals, clock, log };
  const subscriberParts = { ...hostParts, door, configFolder };
  const subscriber: Subscriber | ClusterLink = config.cluster
    ? new ClusterLink(config.cluster, subscriberParts)
    : new Subscriber(config.broker, subscriberParts);
  const thirdParties = new Door(
    { maxGateways: config.session.maxGateways, maxSeriesPerGateway },
    { pipeline, refusals, letters, clock },
  );
  const senmlParts = {
    hostId: config.hostId,
    door: thirdParties,
    pipeline,
    clock,
    log,
    configFolder,
  };
  const senml =
    config.senml.enabled && !config.cluster
      ? new SenmlSubscriber(config.senml, config.broker, senmlParts)
      : undefined;
  const upkeep = store.upkeep
    ? new UpkeepService(config.retention, { store, upkeep: store.upkeep, clock, log })
    : undefined;
  const postLimits = {
    maxBodyBytes: config.http.maxBodyBytes,
    maxReadings: Math.min(config.http.maxBodyReadings, config.pipeline.maxPendingReadings / 4),
    names: config.senml.names,
  };
  const readings = new PostDesk(postLimits, { door: thirdParties, pipeline, clock });
  const evidence = new EvidenceBook({ store, folder, clock, log });
  const verdicts = new VerdictDesk({ store, evidence, maintenance, mesh: () => mesh.mesh, clock });
  const statements = new StatementDesk({
    ...{ store, clock, folder, hostId: config.hostId, program: PROGRAM },
    mesh: () => mesh.mesh,
    exclusions: (link, range) => statedExclusions(maintenance, link, range),
  });
  const budgets = new BudgetDesk({ ...linkParts, evidence, maintenance });
  const self =
    config.self.enabled && !config.cluster
      ? new SelfWriter(config.self, {
          ...{ store, letters, budgets, clock, log },
          awayS: config.alerts.silentAfterS,
          gateways: () => gatewayStatuses(host),
          counters: () => accounting.counters(),
          completeness: (site, gateway, period) => ledger.completeness(site, gateway, period),
          mesh: () => mesh.mesh,
          figures: () => alerts.figures(),
          judged: () => alerts.judged(),
        })
      : undefined;
  for (const book of [thresholds, zones])
    book.onChange(() => {
      alerts.thresholdsChanged();
      self?.soon();
    });
  const http = createHttp(
    config.http,
    {
      ...{ store, audit, access },
      exporter: new Exporter(config.export, store),
      gateways: () => gatewayStatuses(host),
      counters: () => accounting.counters(),
      health: () => health(context, essential),
      room: () => diskRoom(context.dataFolder),
      delivery: (site, gateway) => ledger.summary(site, gateway),
      completeness: (site, gateway, period) => ledger.completeness(site, gateway, period),
      events: (filter) => events.find(filter),
      letters,
      replay: (request) => replayer.replay(request),
      commands,
      readings,
      care,
      ...(mesh.isNamed && { statements }),
      mesh: new MeshViews(() => mesh.expanded, host),
      ...{ alerts, notify },
      outages: new OutageDesk(linkParts),
      budgets,
      liveWithinS: config.liveWithinS,
      ...{ verdicts, maintenance, thresholds, zones, placements, water: new WaterDesk(store) },
      ...(upkeep && { upkeep: () => upkeep.status() }),
    },
    { clock, log, configFolder },
  );
  const services = [
    ledger,
    births,
    audit,
    access,
    zones,
    events,
    letters,
    store,
    placements,
    mesh,
    plans,
    maintenance,
    thresholds,
    alerts,
    notify,
    evidence,
    ...(self ? [self] : []),
    ...(live ? [live] : []),
    pipeline,
    commands,
    care,
    ...(upkeep ? [upkeep] : []),
    ...(door ? [door] : []),
    http,
    subscriber,
    ...(senml ? [senml] : []),
  ];
  const isMinor = new Set<Service | undefined>([
    senml,
    upkeep,
    mesh,
    alerts,
    notify,
    evidence,
    maintenance,
    audit,
    thresholds,
    zones,
    self,
    placements,
  ]);
  const essential = new Set(services.filter((one) => !isMinor.has(one)).map(({ name }) => name));
  return services.map((one) => (one === http ? announced(http, () => `Sluice: ${http.url}/`, context) : one));
}

/** Workers of a cluster share one database, and none of them knows what the others write: so it has no roll-ups. */
function ownStore({ store, cluster }: IngestConfig): StoreConfig {
  return store.kind === 'influx' && cluster ? { ...store, rollUps: false } : store;
}

/** Every service of this process; those of others, such as a gateway, may be down without the whole being down. */
function health(context: ServiceContext, essential: ReadonlySet<string>): ComponentHealth[] {
  return Array.from(context.states(), ([name, service]) => ({
    name,
    state: service.state,
    essential: essential.has(name),
    ...(service.state === 'down' ? { error: service.error } : {}),
  }));
}

/** Those parts that are down, with why. */
function ownTroubles(context: ServiceContext, names: readonly string[]): OwnTrouble[] {
  const states = context.states();
  return names.flatMap((name) => {
    const service = states.get(name);
    return service?.state === 'down' ? [{ name, error: service.error }] : [];
  });
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
