import { ClusterLink } from '../cluster/cluster-link.ts';
import { Door } from '../doors/door.ts';
import { PostDesk } from '../doors/post-desk.ts';
import { SenmlSubscriber } from '../doors/senml/senml-subscriber.ts';
import { Replayer } from '../letters/replayer.ts';
import { Pipeline } from '../pipeline/pipeline.ts';
import { Subscriber } from '../session/subscriber.ts';
import { birthZones } from '../zones/birth-zones.ts';
import { PlacementDesk } from '../zones/placement-desk.ts';
import type { Alerting } from './alerting.ts';
import type { Books } from './books.ts';
import type { GatewayDesks } from './gateway-desks.ts';
import type { Ground } from './ground.ts';

export type DataPath = ReturnType<typeof createDataPath>;

/**
 * The way of a reading: from the broker (`subscriber`) or from others (`senml` by MQTT, `readings` by HTTP) into the one pipeline, and from
 * there into the store, with the ledger confirming it, alerts judging it and `live` handing it on.
 */
export function createDataPath(ground: Ground, books: Books, desks: GatewayDesks, { alerts }: Alerting) {
  const { config, store, clock, log, folder, configFolder, host, accounting, refusals, outlet } = ground;
  const { ledger, births, letters, zones, audit } = books;
  const placements: PlacementDesk = new PlacementDesk({
    ...{ folder, clock, log, audit, store, zones },
    birthZones: (place) => birthZones(host, place),
    changed: () => pipeline.rebind(),
  });
  const pipeline: Pipeline = new Pipeline(config.pipeline, {
    ...{ store, placements, ledger, accounting, refusals, letters, clock, log },
    ...{ events: desks.eventSink, live: desks.live, watchers: [alerts, placements] },
  });
  const subscriberParts = {
    ...{ host, pipeline, ledger, births, letters, refusals, clock, log, configFolder },
    ...{ plans: desks.plans, door: desks.door },
  };
  const subscriber: Subscriber | ClusterLink = config.cluster
    ? new ClusterLink(config.cluster, subscriberParts)
    : new Subscriber(config.broker, subscriberParts);
  outlet.open(subscriber);
  const { maxAheadS } = config.pipeline;
  const replayer = new Replayer({ letters, pipeline, clock, maxAheadS });
  return { placements, pipeline, subscriber, replayer, ...createThirdParties(ground, books, pipeline) };
}

/** For whoever speaks no Sparkplug. */
function createThirdParties(
  { config, clock, log, configFolder, refusals }: Ground,
  { letters }: Books,
  pipeline: Pipeline,
) {
  const { maxGateways } = config.session;
  const { maxSeriesPerGateway, maxPendingReadings } = config.pipeline;
  const { maxBodyBytes, maxBodyReadings } = config.http;
  const door = new Door({ maxGateways, maxSeriesPerGateway }, { pipeline, refusals, letters, clock });
  const senmlParts = { hostId: config.hostId, door, pipeline, clock, log, configFolder };
  const postLimits = {
    maxBodyBytes,
    maxReadings: Math.min(maxBodyReadings, maxPendingReadings / 4),
    names: config.senml.names,
  };
  return {
    senml:
      config.senml.enabled && !config.cluster
        ? new SenmlSubscriber(config.senml, config.broker, senmlParts)
        : undefined,
    readings: new PostDesk(postLimits, { door, pipeline, clock }),
  };
}
