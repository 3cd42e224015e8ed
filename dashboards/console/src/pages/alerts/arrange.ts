import type { Alert, Delivery, Member, Place, Severity, TimelineEntry } from './api.ts';

const RANKS: Readonly<Record<Severity, number>> = { critical: 0, warning: 1, info: 2 };
const LINK_KINDS = ['outage', 'loss', 'latency'];

/** What somebody looks for; empty strings are not looked at. */
export interface AlertFilter {
  readonly severity: string;
  readonly site: string;
}

/** Critical before warning before information; of each what nobody has acknowledged first, then the newest. */
export function inOrder(alerts: readonly Alert[]): Alert[] {
  const rank = (one: Alert) => RANKS[one.severity] * 4 + (one.silenced ? 2 : 0) + (one.acknowledged ? 1 : 0);
  return [...alerts].sort((a, b) => rank(a) - rank(b) || b.raisedMs - a.raisedMs);
}

/** Where it is: of a link its id; of a silent gateway its site and name. */
export function placeOf({ kind, subject, place }: Member): Place {
  if (place) return place;
  if (LINK_KINDS.includes(kind)) return { link: subject };
  const [site, gateway] = subject.split('/');
  return { ...(site && { site }), ...(gateway && { gateway }) };
}

export function sitesOf({ causing, silent }: Alert): string[] {
  const sites = [...causing, ...silent].flatMap((one) => placeOf(one).site ?? []);
  return [...new Set(sites)].sort();
}

export function isLookedFor(alert: Alert, { severity, site }: AlertFilter): boolean {
  return (severity === '' || alert.severity === severity) && (site === '' || sitesOf(alert).includes(site));
}

export type Moment =
  | { readonly kind: 'step'; readonly timeMs: number; readonly step: TimelineEntry }
  | { readonly kind: 'delivery'; readonly timeMs: number; readonly delivery: Delivery };

/** What happened to an event and who was told of it, oldest first. */
export function timelineOf(alert: Alert, deliveries: readonly Delivery[]): Moment[] {
  const steps = alert.timeline.map((step): Moment => ({ kind: 'step', timeMs: step.timeMs, step }));
  const told = deliveries.map(
    (delivery): Moment => ({ kind: 'delivery', timeMs: delivery.doneMs ?? delivery.timeMs, delivery }),
  );
  return [...steps, ...told].sort((a, b) => a.timeMs - b.timeMs);
}
