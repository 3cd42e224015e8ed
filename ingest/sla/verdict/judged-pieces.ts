import type { Clock } from '../../../core/clock.ts';
import type { Mesh } from '../../../core/links/mesh.ts';
import { HOUR_MS } from '../../rollups/roll-up.ts';
import type { Store } from '../../stores/store.ts';
import type { Piece, SeriesEvidence } from '../evidence/evidence.ts';
import type { EvidenceBook } from '../evidence/evidence-book.ts';
import type { Exclusion } from '../evidence/exclusion.ts';
import type { MaintenanceBook } from '../maintenance/maintenance-book.ts';
import { exclusionsOf, type MaintenanceWindow } from '../maintenance/maintenance-window.ts';
import { type Coverage, coverageOf, type Span } from './coverage.ts';

/** What verdicts are made of. */
export interface VerdictParts {
  readonly store: Pick<Store, 'scan'>;
  readonly evidence: Pick<EvidenceBook, 'read' | 'links'>;
  readonly maintenance: Pick<MaintenanceBook, 'find'>;
  mesh(): Mesh;
  readonly clock: Clock;
}

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export function hoursOf({ fromMs, toMs }: Range): number {
  return Math.ceil((toMs - fromMs) / HOUR_MS);
}

export const isIncluded = ({ excludedBy }: Piece) => excludedBy.length === 0;
export const isAsPlanned = ({ isOutAsPlanned }: Piece) => !isOutAsPlanned;

export function isOtherThanPlanned(pieces: readonly Piece[]): boolean {
  return pieces.some((one) => isIncluded(one) !== isAsPlanned(one));
}

/** One link after the other, each in order of time: evidence of one is in several series where its class was changed. */
export function piecesOf(found: readonly SeriesEvidence[]): Piece[] {
  return [...Map.groupBy(found, ({ series }) => series.link).values()].flatMap((ofLink) =>
    ofLink.flatMap(({ pieces }) => pieces).sort((a, b) => startOf(a) - startOf(b)),
  );
}

export function startOf({ cell }: Piece): number {
  return cell.records.fromMs[0] ?? 0;
}

/** Windows that may take out a record that starts within the time: it may end after it. */
export function windowsOf(
  { maintenance }: Pick<VerdictParts, 'maintenance'>,
  { fromMs, toMs }: Range,
): MaintenanceWindow[] {
  return maintenance.find(fromMs, toMs + 300_000);
}

/** What the windows take out of each link. Asked for every hour of each, so found once. */
export function exclusionsBy(
  { mesh }: Pick<VerdictParts, 'mesh'>,
  windows: readonly MaintenanceWindow[],
): (id: string) => readonly Exclusion[] {
  const { links } = mesh();
  const known = new Map<string, readonly Exclusion[]>();
  return (id) => {
    const found = known.get(id) ?? exclusionsOf(windows, id, links.get(id));
    known.set(id, found);
    return found;
  };
}

/** Of the time up to now: what is to come is no hole. */
export function coverageUntilNow(
  { clock }: Pick<VerdictParts, 'clock'>,
  spans: readonly (readonly Span[])[],
  { fromMs, toMs }: Range,
): Coverage {
  return coverageOf(spans, fromMs, Math.max(fromMs, Math.min(toMs, clock.nowMs())));
}
