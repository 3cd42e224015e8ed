import {
  type LinkPlan,
  MOST_LINKS_OF_AGENT,
  type PlannedLink,
  SERIES_OF_PROBE,
} from '../../core/links/link-plan.ts';
import type { Link } from '../../core/links/mesh.ts';
import { unicastAddress } from '../../core/links/unicast-address.ts';
import { gatewayName } from '../gateway-name.ts';
import { contentHash } from './content-hash.ts';
import type { Place } from './mesh-places.ts';

/** Of all probes of one agent: ten times what one is tested with, so that a figure with a zero too many is seen. */
const MOST_PROBES_PER_S = 20_000;

/** What each agent is to do, by `gatewayName`. Order in the file changes no plan. */
export function plansOf(
  recordS: number,
  places: ReadonlyMap<string, Place>,
  links: ReadonlyMap<string, Link>,
  maxSeriesOfAgent: number,
  problems: string[],
): Map<string, LinkPlan> {
  const linksOf = new Map<string, Link[]>();
  const reflectTo = new Map<string, Set<string>>();
  for (const link of links.values()) {
    const { from, to } = link;
    push(linksOf, from.id, link);
    for (const probe of link.probes) {
      if (probe.kind !== 'stamp') continue;
      const family = unicastAddress(probe.address)?.family;
      const allowed = reflectTo.get(to.id) ?? new Set();
      for (const source of places.get(from.id)?.sources ?? [])
        if (unicastAddress(source)?.family === family) allowed.add(source);
      reflectTo.set(to.id, allowed);
    }
  }
  const plans = new Map<string, LinkPlan>();
  for (const [id, { pop, hasAgent }] of places) {
    if (!hasAgent) continue;
    const own = linksOf.get(id) ?? [];
    tellExcess(id, own, maxSeriesOfAgent, problems);
    const planned = own.map(plannedLink).sort((a, b) => (a.link < b.link ? -1 : 1));
    const content = { recordS, links: planned, reflectTo: [...(reflectTo.get(id) ?? [])].sort() };
    plans.set(gatewayName(pop), { version: contentHash(content), ...content });
  }
  return plans;
}

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  const list = map.get(key);
  if (list) list.push(value);
  else map.set(key, [value]);
}

function plannedLink({ id, class: linkClass, to, probes }: Link): PlannedLink {
  return { link: id, class: linkClass, to: to.id, probes: [...probes] };
}

function tellExcess(id: string, own: readonly Link[], maxSeries: number, problems: string[]): void {
  if (own.length > MOST_LINKS_OF_AGENT)
    problems.push(
      `pops.${id}: ${own.length} links begin here, and an agent takes ${MOST_LINKS_OF_AGENT}; spread them over several points`,
    );
  const perS = own
    .flatMap(({ probes }) => probes)
    .reduce((sum, probe) => sum + (probe.kind === 'stamp' ? probe.ratePerS : 1_000 / probe.everyMs), 0);
  if (perS > MOST_PROBES_PER_S)
    problems.push(
      `pops.${id}: its links take ${Math.round(perS)} probes/s, and an agent sends at most ${MOST_PROBES_PER_S}; lower their rates`,
    );
  const series = own
    .flatMap(({ probes }) => probes)
    .reduce((sum, { kind }) => sum + SERIES_OF_PROBE[kind], 0);
  if (series > maxSeries)
    problems.push(
      `pops.${id}: its links make ${series} series, and ingest takes ${maxSeries} of a gateway; set \`pipeline.maxSeriesPerGateway\` of ingest to more than that, or spread the links over several points`,
    );
}
