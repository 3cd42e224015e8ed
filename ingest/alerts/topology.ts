import type { Mesh } from '../../core/links/mesh.ts';
import type { Ends } from '../sla/outages/attribute.ts';

/** What alerts go by of a mesh: who is next to whom. Gateways are `site/gateway`. */
export interface Topology {
  readonly links: ReadonlyMap<string, Ends>;
  /** By point: all links from or to it. */
  readonly linksOf: ReadonlyMap<string, readonly Ends[]>;
  readonly gatewayOf: ReadonlyMap<string, string>;
  readonly popsOf: ReadonlyMap<string, readonly string[]>;
  /** By gateway: ids of links that it is behind. */
  readonly inFrontOf: ReadonlyMap<string, readonly string[]>;
  /** All links between two points, in both directions, under the id of the first of them. */
  readonly pairOf: ReadonlyMap<string, string>;
}

export function topologyOf(mesh: Mesh): Topology {
  const gateways = new Map(
    [...mesh.pops.values()].map(({ id, site, gateway }) => [id, `${site}/${gateway}`]),
  );
  return topologyFrom(
    [...mesh.links.values()].map(({ id, from, to, behind }) => ({ id, from: from.id, to: to.id, behind })),
    gateways,
  );
}

/** `behind`: `site.gateway`, as the mesh has it. */
export function topologyFrom(
  links: readonly (Ends & { readonly behind?: readonly string[] })[],
  gatewayOf: ReadonlyMap<string, string>,
): Topology {
  const linksOf = new Map<string, Ends[]>();
  const inFrontOf = new Map<string, string[]>();
  const pairOf = new Map<string, string>();
  const first = new Map<string, string>();
  for (const link of links) {
    const before = first.get(pairKey(link));
    if (before === undefined || link.id < before) first.set(pairKey(link), link.id);
  }
  for (const link of links) {
    for (const pop of [link.from, link.to]) put(linksOf, pop, link);
    for (const gateway of link.behind ?? []) put(inFrontOf, gateway.replace('.', '/'), link.id);
    pairOf.set(link.id, first.get(pairKey(link))!);
  }
  const popsOf = new Map<string, string[]>();
  for (const [pop, gateway] of gatewayOf) put(popsOf, gateway, pop);
  return {
    ...{ links: new Map(links.map((link) => [link.id, link])), linksOf, gatewayOf },
    ...{ popsOf, inFrontOf, pairOf },
  };
}

function pairKey({ from, to }: Ends): string {
  return from < to ? `${from} ${to}` : `${to} ${from}`;
}

function put<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
