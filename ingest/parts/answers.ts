import { diskRoom } from '../disk-room.ts';
import { Exporter } from '../export/exporter.ts';
import type { ComponentHealth, HttpSources } from '../http/sources.ts';
import { MeshViews } from '../mesh/mesh-view.ts';
import type { UpkeepService } from '../rollups/upkeep-service.ts';
import { SelfWriter } from '../self/self-writer.ts';
import { gatewayStatuses } from '../session/registry.ts';
import { WaterDesk } from '../zones/water-desk.ts';
import type { Alerting } from './alerting.ts';
import type { Books } from './books.ts';
import type { DataPath } from './data-path.ts';
import type { GatewayDesks } from './gateway-desks.ts';
import type { Ground } from './ground.ts';
import type { LinkDesks } from './link-desks.ts';

/** All that was made before HTTP. */
interface Parts {
  readonly ground: Ground;
  readonly books: Books;
  readonly desks: GatewayDesks;
  readonly alerting: Alerting;
  readonly path: DataPath;
  readonly links: LinkDesks;
  readonly upkeep: UpkeepService | undefined;
  health(): ComponentHealth[];
}

/** What HTTP answers from. */
export function sourcesOf({
  ground,
  books,
  desks,
  alerting,
  path,
  links,
  upkeep,
  health,
}: Parts): HttpSources {
  const { config, context, store, host } = ground;
  const { audit, access, ledger, events, letters, mesh, maintenance, thresholds, zones } = books;
  const { verdicts, statements, budgets, outages } = links;
  return {
    ...{ store, audit, access, health, letters, maintenance, thresholds, zones, ...alerting },
    ...counted(ground, books),
    ...{ commands: desks.commands, care: desks.care, readings: path.readings, placements: path.placements },
    ...{ verdicts, budgets, outages },
    ...(mesh.isNamed && { statements }),
    exporter: new Exporter(config.export, store),
    room: () => diskRoom(context.dataFolder),
    delivery: (site, gateway) => ledger.summary(site, gateway),
    events: (filter) => events.find(filter),
    replay: (request) => path.replayer.replay(request),
    mesh: new MeshViews(() => mesh.expanded, host),
    liveWithinS: config.liveWithinS,
    water: new WaterDesk(store),
    ...(upkeep && { upkeep: () => upkeep.status() }),
  };
}

/** Writes what ingest knows of itself to the store; a worker of a cluster knows only of its own gateways. */
export function createSelf(
  ground: Ground,
  books: Books,
  { alerts }: Alerting,
  { budgets }: LinkDesks,
): SelfWriter | undefined {
  const { config, store, clock, log } = ground;
  if (!config.self.enabled || config.cluster) return undefined;
  return new SelfWriter(config.self, {
    ...{ store, letters: books.letters, budgets, clock, log, ...counted(ground, books) },
    awayS: config.alerts.silentAfterS,
    mesh: () => books.mesh.mesh,
    figures: () => alerts.figures(),
    judged: () => alerts.judged(),
  });
}

function counted({ host, accounting }: Ground, { ledger }: Books) {
  return {
    gateways: () => gatewayStatuses(host),
    counters: () => accounting.counters(),
    completeness: (...asked: Parameters<typeof ledger.completeness>) => ledger.completeness(...asked),
  };
}
