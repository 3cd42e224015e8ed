import type { Mesh } from '../../core/links/mesh.ts';
import { appliesTo, type MaintenanceWindow } from '../sla/maintenance/maintenance-window.ts';
import { type Condition, isOfLink, isOfReadings } from './condition.ts';
import type { Topology } from './topology.ts';

/** Work because of which nobody needs to be told. */
export interface Maintenance {
  readonly id: string;
  readonly untilMs: number;
  readonly reason: string;
}

export interface SuppressedCondition {
  readonly condition: Condition;
  readonly maintenance: Maintenance;
}

export interface MaintenanceNow {
  readonly windows: readonly MaintenanceWindow[];
  readonly nowMs: number;
  /** So long after its end, what is wrong still belongs to a window: evidence of what came back takes its time. */
  readonly graceMs: number;
  /** Keys of conditions that were told before: they go on. */
  readonly toldBefore: ReadonlySet<string>;
}

/** What is about a link under maintenance, or a gateway behind one or at a point under it, is not told. */
export function withoutMaintenance(
  conditions: Iterable<Condition>,
  mesh: Mesh,
  topology: Topology,
  { windows, nowMs, graceMs, toldBefore }: MaintenanceNow,
): { readonly told: readonly Condition[]; readonly suppressed: readonly SuppressedCondition[] } {
  const current = windows.filter(
    ({ fromMs, toMs, withdrawn }) => !withdrawn && fromMs <= nowMs && nowMs < toMs + graceMs,
  );
  const told: Condition[] = [];
  const suppressed: SuppressedCondition[] = [];
  for (const condition of conditions) {
    const window = toldBefore.has(condition.key)
      ? undefined
      : current.find((one) => isAbout(one, condition, mesh, topology));
    if (!window) told.push(condition);
    else {
      const { id, toMs, reason } = window;
      suppressed.push({ condition, maintenance: { id, untilMs: toMs, reason } });
    }
  }
  return { told, suppressed };
}

function isAbout(
  window: MaintenanceWindow,
  condition: Condition,
  mesh: Mesh,
  { inFrontOf, popsOf }: Topology,
): boolean {
  if (condition.kind === 'own') return false;
  const link = isOfLink(condition) ? condition.subject : condition.place?.link;
  if (link !== undefined) return appliesTo(window, link, mesh.links.get(link));
  const { site, gateway } = condition.place ?? {};
  const subject = isOfReadings(condition) ? `${site}/${gateway}` : condition.subject;
  const isAtPoint = (popsOf.get(subject) ?? []).some(
    (id) => window.pops.includes(id) || window.networks.includes(mesh.pops.get(id)?.network ?? ''),
  );
  const links = inFrontOf.get(subject) ?? [];
  return isAtPoint || links.some((id) => appliesTo(window, id, mesh.links.get(id)));
}
