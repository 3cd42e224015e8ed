import { isDeepStrictEqual } from 'node:util';
import type { Link } from '../../../core/links/mesh.ts';
import type { Exclusion } from '../evidence/exclusion.ts';

/** Links by their ids, and all links of a point of presence or of a network. */
export interface MaintenanceScope {
  readonly links: readonly string[];
  readonly pops: readonly string[];
  readonly networks: readonly string[];
}

/** What is taken out of verdicts. UTC ms. */
export interface MaintenanceTime extends MaintenanceScope {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface MaintenanceWish extends MaintenanceTime {
  readonly reason: string;
  readonly issuer: string;
}

export interface MaintenanceWindow extends MaintenanceWish {
  readonly id: string;
  readonly createdMs: number;
  /** When it was given what it says now; `issuer` is who did. */
  readonly enteredMs: number;
  readonly withdrawn?: { readonly ms: number; readonly by: string; readonly reason: string };
  /** What it took out when it began; null where it was entered later, or withdrawn before. */
  readonly planned: MaintenanceTime | null;
}

/**
 * What a window is planned to take out after a change at `nowMs` to `wish` (null: withdrawn). As soon as either has begun, whoever
 * changes it can know what is in it: then the plan stays as it was.
 */
export function plannedAfter(
  planned: MaintenanceTime | null,
  wish: MaintenanceTime | null,
  nowMs: number,
): MaintenanceTime | null {
  if ((planned && nowMs > planned.fromMs) || (wish && nowMs > wish.fromMs)) return planned;
  return wish && timeOf(wish);
}

function timeOf({ links, pops, networks, fromMs, toMs }: MaintenanceTime): MaintenanceTime {
  return { links, pops, networks, fromMs, toMs };
}

/** It takes out something else than was planned before it began: entered, changed or withdrawn afterwards. */
export function isRetroactive({ planned, withdrawn, ...window }: MaintenanceWindow): boolean {
  return !isDeepStrictEqual(planned, withdrawn ? null : timeOf(window));
}

/** `link` is not given for one that the mesh no longer has. */
export function appliesTo({ links, pops, networks }: MaintenanceScope, id: string, link?: Link): boolean {
  if (links.includes(id)) return true;
  if (!link) return false;
  return [link.from, link.to].some((pop) => pops.includes(pop.id) || networks.includes(pop.network));
}

/** It applies to the link, or was planned to. */
export function concerns(window: MaintenanceWindow, id: string, link?: Link): boolean {
  return appliesTo(window, id, link) || (window.planned !== null && appliesTo(window.planned, id, link));
}

/** Those that are in force, and those that were planned and are not in force as planned. */
export function exclusionsOf(
  windows: readonly MaintenanceWindow[],
  id: string,
  link?: Link,
): readonly Exclusion[] {
  return windows.flatMap((window): Exclusion[] => {
    const inForce = window.withdrawn ? null : window;
    const isAsPlanned = !isRetroactive(window);
    const found: Exclusion[] = [];
    const add = (time: MaintenanceTime | null, isInForce: boolean, isPlanned: boolean) => {
      if (!time || !appliesTo(time, id, link)) return;
      found.push({ id: window.id, fromMs: time.fromMs, toMs: time.toMs, isInForce, isPlanned });
    };
    add(inForce, true, isAsPlanned);
    if (!isAsPlanned) add(window.planned, false, true);
    return found;
  });
}
