import type { Words } from '../../core/errors.ts';
import type { Pop } from '../../core/links/mesh.ts';
import { unicastAddress } from '../../core/links/unicast-address.ts';
import { gatewayName } from '../gateway-name.ts';
import type { MeshFile, PopEntry } from './mesh-file.ts';

export interface Network {
  readonly id: string;
  readonly name: Words;
  readonly country: string | undefined;
}

/** A point of presence with what it takes to plan links. */
export interface Place {
  readonly pop: Pop;
  readonly country: string | undefined;
  readonly addresses: { readonly 4?: string; readonly 6?: string };
  /** Where others see its probes come from. */
  readonly sources: readonly string[];
  readonly reflectorPort: number;
  readonly hasAgent: boolean;
}

export function readPlaces(
  file: MeshFile,
  problems: string[],
): { readonly networks: Map<string, Network>; readonly places: Map<string, Place> } {
  const networks = new Map(
    Object.entries(file.networks).map(([id, { name, country }]): [string, Network] => [
      id,
      { id, name: name ?? { en: id, zh: id }, country },
    ]),
  );
  const places = new Map<string, Place>();
  const agents = new Map<string, string>();
  for (const [id, entry] of Object.entries(file.pops)) {
    const place = placeOf(id, entry, file.site, networks, problems);
    const agent = gatewayName(place.pop);
    const other = agents.get(agent);
    if (place.hasAgent && other !== undefined)
      problems.push(
        `pops.${id}: its agent is ${agent}, and so is that of "${other}"; an agent is one point, so set \`gateway\` or \`site\``,
      );
    if (place.hasAgent) agents.set(agent, id);
    places.set(id, place);
  }
  return { networks, places };
}

function placeOf(
  id: string,
  entry: PopEntry,
  site: string,
  networks: ReadonlyMap<string, Network>,
  problems: string[],
): Place {
  const network = networks.get(entry.network);
  if (!network)
    problems.push(`pops.${id}.network: there is no network "${entry.network}"; ${known(networks.keys())}`);
  const address = (key: 'address4' | 'address6', family: 4 | 6): string | undefined => {
    const text = entry[key];
    if (text === undefined) return undefined;
    const read = unicastAddress(text);
    if (read?.family !== family)
      problems.push(`pops.${id}.${key}: "${text}" is no IPv${family} address of one host`);
    return read?.text;
  };
  const addresses = { 4: address('address4', 4), 6: address('address6', 6) };
  const own = Object.values(addresses).filter((one) => one !== undefined);
  if (own.length === 0)
    problems.push(`pops.${id}: it has no address; set \`address4\`, \`address6\` or both`);
  const sources = entry.sources?.map((text) => {
    const read = unicastAddress(text);
    if (!read) problems.push(`pops.${id}.sources: "${text}" is no address of one host`);
    return read?.text ?? text;
  });
  return {
    pop: {
      id,
      network: entry.network,
      site: entry.site ?? site,
      gateway: entry.gateway ?? id,
      name: entry.name ?? { en: id, zh: id },
    },
    country: entry.country ?? network?.country,
    addresses: Object.fromEntries(Object.entries(addresses).filter(([, one]) => one !== undefined)),
    sources: [...new Set([...(sources ?? own)])],
    reflectorPort: entry.reflectorPort,
    hasAgent: entry.agent,
  };
}

/** For a message about something that is not among `ids`. */
export function known(ids: Iterable<string>): string {
  const all = [...ids];
  const shown = all.slice(0, 12).join(', ') || 'none';
  return `known: ${shown}${all.length > 12 ? ', …' : ''}`;
}
