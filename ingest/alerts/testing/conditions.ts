import { type Condition, type ConditionKind, conditionKey } from '../condition.ts';
import { type Topology, topologyFrom } from '../topology.ts';

/** A full mesh of points, each with a gateway of its name at site `net`; `behind` by id of the link. */
export function fullMesh(
  pops: readonly string[],
  behind: Readonly<Record<string, readonly string[]>> = {},
): Topology {
  const links = pops.flatMap((from) =>
    pops
      .filter((to) => to !== from)
      .map((to) => ({ id: `${from}-${to}`, from, to, behind: behind[`${from}-${to}`] ?? [] })),
  );
  return topologyFrom(links, new Map(pops.map((pop) => [pop, `net/${pop}`])));
}

export function condition(kind: ConditionKind, subject: string, noticedMs = 0): Condition {
  return {
    ...{ key: conditionKey(kind, subject), kind, subject, sinceMs: noticedMs, noticedMs },
    explains: kind !== 'silent',
    severity: kind === 'silent' ? 'warning' : 'critical',
    words: { en: `${kind} ${subject}`, zh: `${kind} ${subject}` },
  };
}
