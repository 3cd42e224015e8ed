import { checkConfig } from '../../core/config.ts';
import { asSluiceError, SluiceError } from '../../core/errors.ts';
import { isId } from '../../core/ids.ts';
import { type LinkPlan, PROBE_SPECS, type ProbeSpec } from '../../core/links/link-plan.ts';
import type { LinkClass } from '../../core/links/measures.ts';
import type { Link, Mesh, Objective } from '../../core/links/mesh.ts';
import { contentHash } from './content-hash.ts';
import { DEFAULT_OBJECTIVES } from './default-objectives.ts';
import type { LinkEntry, MeshFile, ProbeWish } from './mesh-file.ts';
import { MOST_LINKS } from './mesh-file.ts';
import { type PlannedPair, planPairs } from './mesh-pairs.ts';
import { type Network, type Place, readPlaces } from './mesh-places.ts';
import { plansOf } from './plans-of.ts';

/** A mesh, and what only those need who hand it out or show it. */
export interface ExpandedMesh {
  readonly mesh: Mesh;
  readonly networks: ReadonlyMap<string, Network>;
  readonly places: ReadonlyMap<string, Place>;
  /** By `gatewayName`, of every agent in the file: one without links has an empty plan. */
  readonly plans: ReadonlyMap<string, LinkPlan>;
}

/** The file is told of so many things at once. */
const MOST_PROBLEMS = 40;

/**
 * Throws `CONFIG_INVALID`, which names everything that no schema can see. `maxSeriesOfAgent`: beyond as many the pipeline would refuse what
 * is measured.
 */
export function expandMesh(file: MeshFile, maxSeriesOfAgent = Number.POSITIVE_INFINITY): ExpandedMesh {
  const problems: string[] = [];
  if (3_600 % file.recordS !== 0)
    problems.push(`recordS: ${file.recordS} does not divide an hour; use 10, 30, 60 or another that does`);
  const { networks, places } = readPlaces(file, problems);
  const pairs = planPairs(file, places, problems);
  const links = new Map<string, Link>();
  for (const pair of pairs) {
    const link = linkOf(file, pair, problems);
    if (!link) continue;
    const other = links.get(link.id);
    if (other) problems.push(`${pair.where}: ${doubleId(link, other)}`);
    links.set(link.id, link);
  }
  if (links.size > MOST_LINKS)
    problems.push(`links: there are ${links.size} in all, and ${MOST_LINKS} can be; make smaller meshes`);
  const plans = plansOf(file.recordS, places, links, maxSeriesOfAgent, problems);
  refuse(problems);
  const pops = new Map([...places].map(([id, { pop }]) => [id, pop]));
  const version = contentHash([
    file.recordS,
    [...networks.values()],
    [...pops.values()],
    [...links.values()],
  ]);
  return { mesh: { version, recordS: file.recordS, pops, links }, networks, places, plans };
}

function refuse(problems: readonly string[]): void {
  if (problems.length === 0) return;
  const told = problems.slice(0, MOST_PROBLEMS).map((one) => `  ${one}`);
  const more = problems.length - told.length;
  if (more > 0) told.push(`  … and ${more} more`);
  throw new SluiceError('CONFIG_INVALID', { problems: told.join('\n') });
}

function doubleId({ id }: Link, other: Link): string {
  return `the id "${id}" is that of the link from ${other.from.id} to ${other.to.id} too; give one of them another \`id\``;
}

function linkOf(file: MeshFile, pair: PlannedPair, problems: string[]): Link | undefined {
  const { from, to, family, entry, where } = pair;
  const tell = (text: string) => problems.push(`${where}: ${text}`);
  const id = `${entry?.id ?? `${from.pop.id}_${to.pop.id}`}${family === 6 ? '_v6' : ''}`;
  if (!isId(id)) {
    tell(`the id "${id}" has more than 64 characters; give the link a shorter \`id\` under \`links\``);
    return undefined;
  }
  const linkClass = entry?.class ?? classOf(from, to, tell);
  if (!linkClass) return undefined;
  const objective = objectiveOf(file, linkClass, entry, tell);
  const probes = probesOf(file, linkClass, pair, tell);
  if (!objective || probes.length === 0) return undefined;
  const behind = entry?.behind ?? [];
  return { id, from: from.pop, to: to.pop, class: linkClass, objective, probes, behind };
}

function classOf(from: Place, to: Place, tell: (text: string) => void): LinkClass | undefined {
  if (from.country !== to.country) {
    const unknown = [from, to].find(({ country }) => country === undefined);
    if (!unknown) return 'international';
    const { id, network } = unknown.pop;
    tell(
      `its class is not known, as only one end has a country; give "${id}" or its network "${network}" a \`country\`, or the link a \`class\``,
    );
    return undefined;
  }
  return from.pop.network === to.pop.network ? 'intra' : 'inter';
}

function objectiveOf(
  file: MeshFile,
  linkClass: LinkClass,
  entry: LinkEntry | undefined,
  tell: (text: string) => void,
): Objective | undefined {
  const { latencyMs, latencyQuantile, loss, confidence } = {
    ...DEFAULT_OBJECTIVES[linkClass],
    ...file.classes[linkClass]?.objective,
    ...entry?.objective,
  };
  if (latencyMs === undefined || loss === undefined) {
    const missing = latencyMs === undefined ? 'latencyMs' : 'loss';
    tell(
      `it is ${linkClass}, and no objective says its \`${missing}\`; set it under classes.${linkClass}.objective, or at the link`,
    );
    return undefined;
  }
  return { latencyMs, latencyQuantile, loss, confidence };
}

function probesOf(
  file: MeshFile,
  linkClass: LinkClass,
  pair: PlannedPair,
  tell: (text: string) => void,
): ProbeSpec[] {
  const levels = [file.probes, file.classes[linkClass]?.probes, pair.meshProbes, pair.entry?.probes];
  const nearest = levels.findLast((one) => one !== undefined) ?? [{ kind: 'stamp' as const }];
  const double = nearest.find(({ kind }, at) => nearest.findIndex((one) => one.kind === kind) !== at);
  if (double) tell(`probes: "${double.kind}" stands twice; each kind of probe stands once`);
  return nearest.flatMap(({ kind }) => {
    const wishes = levels.flatMap((level) => level?.filter((one) => one.kind === kind) ?? []);
    try {
      return [completed(Object.assign({ kind }, ...wishes) as ProbeWish, pair)];
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (error.code !== 'CONFIG_INVALID') throw error;
      tell(`probe ${kind}: ${String(error.details.problems).trim().replaceAll(/\n\s*/g, '; ')}`);
      return [];
    }
  });
}

/** With the address of the far end, and the defaults. */
function completed(wish: ProbeWish, { to, family }: PlannedPair): ProbeSpec {
  const address = to.addresses[family]!;
  const { kind } = wish;
  const given: Record<string, unknown> = { ...wish };
  if (kind === 'http') {
    const host = family === 6 ? `[${address}]` : address;
    if (typeof given.url === 'string') given.url = given.url.replaceAll('{address}', host);
  } else given.address = address;
  if (kind === 'stamp') given.port ??= to.reflectorPort;
  const schema = PROBE_SPECS[kind];
  const spec: Record<string, unknown> = checkConfig(schema, given);
  if (typeof spec.url === 'string' && !URL.canParse(spec.url))
    throw new SluiceError('CONFIG_INVALID', { problems: `url: "${spec.url}" is none` });
  // The order in which the file sets things is no part of what it says.
  return Object.fromEntries(Object.keys(schema.properties).map((key) => [key, spec[key]])) as ProbeSpec;
}
