import type { LinkEntry, MeshEntry, MeshFile, ProbeWish } from './mesh-file.ts';
import { MOST_LINKS } from './mesh-file.ts';
import { known, type Place } from './mesh-places.ts';

/** A link as the file asks for it, in one family. */
export interface PlannedPair {
  readonly from: Place;
  readonly to: Place;
  readonly family: 4 | 6;
  /** Of the mesh that makes it, if one does. */
  readonly meshProbes: readonly ProbeWish[] | undefined;
  /** What `links` says of it, if anything. */
  readonly entry: LinkEntry | undefined;
  /** Its place in the file, for messages. */
  readonly where: string;
}

interface Asked {
  readonly from: Place;
  readonly to: Place;
  readonly where: string;
  readonly mesh?: MeshEntry;
  readonly entry?: LinkEntry;
}

const FAMILIES = [4, 6] as const;

/** Of the meshes in their order, then of the links that stand alone. */
export function planPairs(
  file: MeshFile,
  places: ReadonlyMap<string, Place>,
  problems: string[],
): PlannedPair[] {
  const asked = new Map<string, Asked>();
  for (const [at, mesh] of file.meshes.entries()) addMesh(asked, mesh, at, file, places, problems);
  const entries = new Map<string, number>();
  for (const [at, entry] of file.links.entries()) {
    const where = `links[${at}] (${entry.from} to ${entry.to})`;
    const ends = endsOf(entry, places, where, problems);
    if (!ends) continue;
    const key = keyOf(ends.from, ends.to);
    const other = entries.get(key);
    if (other !== undefined) {
      problems.push(`${where}: links[${other}] is the same link; keep one (\`family: both\` measures both)`);
      continue;
    }
    entries.set(key, at);
    asked.set(key, { ...asked.get(key), ...ends, entry, where });
  }
  return [...asked.values()].flatMap((one) => inFamilies(one, problems));
}

function keyOf(from: Place, to: Place): string {
  return `${from.pop.id} ${to.pop.id}`;
}

function endsOf(
  entry: LinkEntry,
  places: ReadonlyMap<string, Place>,
  where: string,
  problems: string[],
): Pick<Asked, 'from' | 'to'> | undefined {
  const [from, to] = [places.get(entry.from), places.get(entry.to)];
  const absent = from ? entry.to : entry.from;
  if (!from || !to) {
    problems.push(`${where}: there is no point of presence "${absent}"; ${known(places.keys())}`);
    return undefined;
  }
  if (from === to) {
    problems.push(`${where}: a link has two ends; name another point`);
    return undefined;
  }
  if (!from.hasAgent) {
    problems.push(`${where}: "${entry.from}" has \`agent: false\`, so nothing is probed from there`);
    return undefined;
  }
  return { from, to };
}

function addMesh(
  asked: Map<string, Asked>,
  mesh: MeshEntry,
  at: number,
  file: MeshFile,
  places: ReadonlyMap<string, Place>,
  problems: string[],
): void {
  const members = membersOf(mesh, `meshes[${at}]`, file, places, problems);
  const isExcept = exceptions(mesh, `meshes[${at}]`, members, problems);
  // What is too many is told once, and not first made.
  if (members.length * (members.length - 1) > 2 * MOST_LINKS) {
    problems.push(`meshes[${at}]: ${members.length} points make more than ${MOST_LINKS} links`);
    return;
  }
  for (const from of members)
    for (const to of members) {
      if (from === to || !from.hasAgent || isExcept(from.pop.id, to.pop.id)) continue;
      const where = `meshes[${at}] (${from.pop.id} to ${to.pop.id})`;
      const key = keyOf(from, to);
      const other = asked.get(key);
      if (other)
        problems.push(`${where}: ${other.where} makes this link too; put it under \`except\` in one of them`);
      else asked.set(key, { from, to, mesh, where });
    }
}

function membersOf(
  mesh: MeshEntry,
  where: string,
  file: MeshFile,
  places: ReadonlyMap<string, Place>,
  problems: string[],
): Place[] {
  for (const id of mesh.pops ?? [])
    if (!places.has(id))
      problems.push(`${where}.pops: there is no point of presence "${id}"; ${known(places.keys())}`);
  for (const id of mesh.networks ?? [])
    if (!Object.hasOwn(file.networks, id))
      problems.push(`${where}.networks: there is no network "${id}"; ${known(Object.keys(file.networks))}`);
  if (!mesh.pops && !mesh.networks) return [...places.values()];
  const pops = new Set(mesh.pops);
  const networks = new Set(mesh.networks);
  return [...places.values()].filter(({ pop }) => pops.has(pop.id) || networks.has(pop.network));
}

function exceptions(
  { except }: MeshEntry,
  where: string,
  members: readonly Place[],
  problems: string[],
): (from: string, to: string) => boolean {
  const ids = new Set(members.map(({ pop }) => pop.id));
  const left = new Set<string>();
  for (const [at, pops] of except.entries()) {
    const stranger = pops.find((id) => !ids.has(id));
    if (stranger !== undefined)
      problems.push(`${where}.except[${at}]: "${stranger}" is no point of this mesh; ${known(ids)}`);
    const [one, other] = pops as [string, string?];
    left.add(other === undefined ? one : `${one} ${other}`);
    if (other !== undefined) left.add(`${other} ${one}`);
  }
  return (from, to) => left.has(from) || left.has(to) || left.has(`${from} ${to}`);
}

/**
 * A family that is asked for must be there at both ends. Only a mesh that asks for both takes what a pair has: one point
 * without IPv6 is no reason to write down all the others.
 */
function inFamilies({ from, to, mesh, entry, where }: Asked, problems: string[]): PlannedPair[] {
  const family = entry?.family ?? mesh?.family;
  const there = FAMILIES.filter((one) => from.addresses[one] && to.addresses[one]);
  const isLenient = family === undefined || (family === 'both' && entry?.family === undefined);
  const wanted = family === 'both' ? FAMILIES : family === undefined ? there.slice(0, 1) : [family];
  const lacking = wanted.filter((one) => !there.includes(one));
  if (there.length === 0 || (!isLenient && lacking.length > 0)) {
    problems.push(`${where}: ${lackOf(from, to, lacking[0])}`);
    return [];
  }
  return wanted
    .filter((one) => there.includes(one))
    .map((one) => ({ from, to, family: one, meshProbes: mesh?.probes, entry, where }));
}

function lackOf(from: Place, to: Place, family: 4 | 6 | undefined): string {
  if (family === undefined)
    return 'its ends have no family of addresses in common; give one of them the other address too';
  const without = to.addresses[family] ? from : to;
  return `"${without.pop.id}" has no IPv${family} address; set its \`address${family}\`, or another \`family\``;
}
