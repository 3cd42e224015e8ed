import type { Ends, Seen } from '../sla/outages/attribute.ts';
import { type Condition, isOfLink } from './condition.ts';
import type { Topology } from './topology.ts';

export const CAUSE_KINDS = [
  'link',
  'pop',
  'agent',
  'wide',
  'gateway',
  'device',
  'quantity',
  'own',
  'delivery',
] as const;
export type CauseKind = (typeof CAUSE_KINDS)[number];

/** What is wrong for one reason. */
export interface Cause {
  /** `link:` and the pair of both directions, `pop:`, `agent:`, `gateway:` and its id, or `wide:`; others in `reading-causes.ts`. */
  readonly key: string;
  readonly kind: CauseKind;
  /** The pair, point or gateway. */
  readonly subject: string;
  /** What shows the cause: conditions of links, or the silence of the one gateway. In order of key. */
  readonly causing: readonly Condition[];
  /** Gateways that are silent because of it, and series of theirs. */
  readonly silent: readonly Condition[];
}

/** Fewer other ends than this say nothing of the point itself. */
const LEAST_POPS = 2;
/** Points at fault at once, from which on it is one thing wherever it is. */
const LEAST_WIDE = 3;

/**
 * Sorts all that is wrong now with links and gateways by cause. It depends on what is wrong and on nothing else, so not on the order in which that was
 * found. `seen`: what each link sees now.
 *
 * 1. A point whose links from others are all down is the cause of these, and of all others that touch it.
 * 2. What remains of links is one cause for each pair of directions.
 * 3. A silent gateway belongs to a cause that has a link which it is behind, or to that of its own point; else it is its own cause.
 */
export function findCauses(
  conditions: Iterable<Condition>,
  topology: Topology,
  seen: (link: string) => Seen,
): Cause[] {
  const all = [...conditions].sort((a, b) => (a.key < b.key ? -1 : 1));
  const ofLinks = all.filter(isOfLink);
  const down = new Set(ofLinks.filter(({ kind }) => kind === 'outage').map(({ subject }) => subject));
  const quiet = new Set(all.filter(({ kind }) => kind === 'silent').map(({ subject }) => subject));
  const isDown = (link: string): Seen => {
    if (down.has(link)) return 'down';
    // What a silent agent told last is no evidence of now.
    const agent = topology.gatewayOf.get(topology.links.get(link)?.from ?? '');
    return agent !== undefined && quiet.has(agent) ? 'unknown' : seen(link);
  };
  const causeOf = linkCauses(down, topology, isDown);
  const causes = new Map<
    string,
    { kind: CauseKind; subject: string; causing: Condition[]; silent: Condition[] }
  >();
  const put = (kind: CauseKind, subject: string) => {
    const key = `${kind}:${subject}`;
    const cause = causes.get(key) ?? { kind, subject, causing: [], silent: [] };
    causes.set(key, cause);
    return cause;
  };
  for (const condition of ofLinks) {
    const pair = topology.pairOf.get(condition.subject) ?? condition.subject;
    const [kind, subject] = causeOf.get(pair) ?? (['link', pair] as const);
    put(kind, subject).causing.push(condition);
  }
  const troubled = new Set(
    ofLinks.filter(({ explains }) => explains).map(({ subject }) => topology.pairOf.get(subject) ?? subject),
  );
  for (const condition of all.filter(({ kind }) => kind === 'silent')) {
    const pair = explaining(condition.subject, topology, troubled, isDown);
    const [kind, subject] =
      pair === undefined ? (['gateway', condition.subject] as const) : (causeOf.get(pair) ?? ['link', pair]);
    const cause = put(kind, subject);
    (kind === 'gateway' ? cause.causing : cause.silent).push(condition);
  }
  return [...causes].map(([key, cause]) => ({ key, ...cause }));
}

type Named = readonly [CauseKind, string];

/** By pair, for pairs with a direction that is down: the point whose fault it is. */
function linkCauses(
  down: ReadonlySet<string>,
  topology: Topology,
  seen: (link: string) => Seen,
): Map<string, Named> {
  const faulty: { pop: string; kind: 'pop' | 'agent'; pairs: Set<string> }[] = [];
  for (const [pop, links] of topology.linksOf) {
    const kind = faultOf(pop, links, seen);
    if (!kind) continue;
    const touching = links.filter(({ id }) => down.has(id)).map(({ id }) => topology.pairOf.get(id)!);
    faulty.push({ pop, kind, pairs: new Set(touching) });
  }
  const isWide = faulty.length >= LEAST_WIDE && 2 * faulty.length > topology.linksOf.size;
  const causeOf = new Map<string, Named>();
  // The point with the most of them explains the most; the name decides between equals, so that it is always the same.
  faulty.sort((a, b) => b.pairs.size - a.pairs.size || (a.pop < b.pop ? -1 : 1));
  for (const { pop, kind, pairs } of faulty) {
    const left = [...pairs].filter((pair) => !causeOf.has(pair));
    if (!isWide && left.length < LEAST_POPS) continue;
    for (const pair of left) causeOf.set(pair, isWide ? ['wide', ''] : [kind, pop]);
  }
  return causeOf;
}

function faultOf(
  pop: string,
  links: readonly Ends[],
  seen: (link: string) => Seen,
): 'pop' | 'agent' | undefined {
  const out = tally(
    links.filter(({ from }) => from === pop),
    'to',
    seen,
  );
  const inwards = tally(
    links.filter(({ to }) => to === pop),
    'from',
    seen,
  );
  const isInDown = inwards.down >= LEAST_POPS && inwards.up === 0;
  const isOutDown = out.down >= LEAST_POPS && out.up === 0;
  if (isInDown) return 'pop';
  if (!isOutDown) return undefined;
  // Its probes go nowhere, while those of others come to it and back.
  if (inwards.up > 0) return inwards.down === 0 ? 'agent' : undefined;
  return 'pop';
}

/** Far ends that are reached, over any of several links, and such that are not. */
function tally(
  links: readonly Ends[],
  farEnd: 'from' | 'to',
  seen: (link: string) => Seen,
): { down: number; up: number } {
  const up = new Set<string>();
  const down = new Set<string>();
  for (const link of links) {
    const one = seen(link.id);
    if (one === 'down') down.add(link[farEnd]);
    if (one === 'up') up.add(link[farEnd]);
  }
  return { down: [...down].filter((end) => !up.has(end)).length, up: up.size };
}

/** The pair that a silent gateway is explained by: one that it is behind, or all links towards its own point are. */
function explaining(
  gateway: string,
  topology: Topology,
  troubled: ReadonlySet<string>,
  seen: (link: string) => Seen,
): string | undefined {
  const inFront = (topology.inFrontOf.get(gateway) ?? []).map((link) => topology.pairOf.get(link)!);
  const found = inFront.filter((pair) => troubled.has(pair)).sort()[0];
  if (found !== undefined) return found;
  for (const pop of topology.popsOf.get(gateway) ?? []) {
    const links = topology.linksOf.get(pop) ?? [];
    const towards = links.filter(({ to }) => to === pop);
    const { down, up } = tally(towards, 'from', seen);
    if (down === 0 || up > 0) continue;
    const pairs = towards.filter(({ id }) => seen(id) === 'down').map(({ id }) => topology.pairOf.get(id)!);
    return pairs.sort().find((pair) => troubled.has(pair));
  }
  return undefined;
}
