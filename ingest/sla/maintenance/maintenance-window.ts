import type { Link } from '../../../core/links/mesh.ts';
import type { Exclusion } from '../evidence/exclusion.ts';

/** Links by their ids, and all links of a point of presence or of a network. */
export interface MaintenanceScope {
  readonly links: readonly string[];
  readonly pops: readonly string[];
  readonly networks: readonly string[];
}

/** What somebody wants to be taken out of verdicts. UTC ms. */
export interface MaintenanceWish extends MaintenanceScope {
  readonly fromMs: number;
  readonly toMs: number;
  readonly reason: string;
  readonly issuer: string;
}

export interface MaintenanceWindow extends MaintenanceWish {
  readonly id: string;
  readonly createdMs: number;
  /** When it was given what it says now; `issuer` is who did. */
  readonly enteredMs: number;
  readonly withdrawn?: { readonly ms: number; readonly by: string; readonly reason: string };
}

/** Entered or changed after it began: whoever did so could know what it takes out. */
export function isRetroactive({ enteredMs, fromMs }: MaintenanceWindow): boolean {
  return enteredMs > fromMs;
}

/** `link` is not given for one that the mesh no longer has. */
export function appliesTo({ links, pops, networks }: MaintenanceScope, id: string, link?: Link): boolean {
  if (links.includes(id)) return true;
  if (!link) return false;
  return [link.from, link.to].some((pop) => pops.includes(pop.id) || networks.includes(pop.network));
}

/** Those that are in force. */
export function exclusionsOf(
  windows: readonly MaintenanceWindow[],
  id: string,
  link?: Link,
): readonly Exclusion[] {
  return windows
    .filter((window) => !window.withdrawn && appliesTo(window, id, link))
    .map((window) => ({
      ...{ id: window.id, fromMs: window.fromMs, toMs: window.toMs },
      isRetroactive: isRetroactive(window),
    }));
}
