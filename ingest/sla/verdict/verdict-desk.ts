import type { Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { totalOf } from '../../../core/links/link-record.ts';
import { LINK_CLASSES, type LinkClass, PROBE_KINDS, type ProbeKind } from '../../../core/links/measures.ts';
import { judgedKind, type Link, type Mesh, type Objective } from '../../../core/links/mesh.ts';
import type { Store } from '../../stores/store.ts';
import type { Piece, SeriesEvidence } from '../evidence/evidence.ts';
import type { EvidenceBook } from '../evidence/evidence-book.ts';
import { isOwn } from '../evidence/evidence-series.ts';
import { overlapping } from '../evidence/exclusion.ts';
import { readRecords } from '../evidence/read-records.ts';
import type { MaintenanceBook } from '../maintenance/maintenance-book.ts';
import { concerns, exclusionsOf, type MaintenanceWindow } from '../maintenance/maintenance-window.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import { type Figures, figuresOf, type Percentiles, percentilesOf } from './figures.ts';

export interface Range {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Agent {
  readonly site: string;
  readonly gateway: string;
}

/** What was taken out by one maintenance window, or could have been had it not been withdrawn. */
export interface AppliedWindow {
  readonly window: MaintenanceWindow;
  /** Probes of the records that it reaches into. */
  readonly probes: number;
}

export interface ProbeVerdict {
  readonly kind: ProbeKind;
  /** The kind of probe that the verdict on the link goes by. */
  readonly isJudged: boolean;
  readonly figures: Figures;
  /** As if every window were as it was when it began; only where that is something else. */
  readonly withoutRetroactive: Figures | undefined;
  readonly coverage: Coverage;
  readonly applied: readonly AppliedWindow[];
  readonly agents: readonly Agent[];
  /** Others that send evidence under the name of this link. It takes no part. */
  readonly strangers: readonly Agent[];
  /** Readings that could not be read, and those that the store no longer has. */
  readonly faults: readonly { readonly timeMs: number; readonly reason: string }[];
  readonly gone: number;
}

export interface LinkVerdict {
  readonly links: readonly LinkName[];
  /** Only where it is the same for all. */
  readonly objective: Objective | undefined;
  readonly probes: readonly ProbeVerdict[];
}

export interface LinkName {
  readonly id: string;
  readonly class: LinkClass;
  /** Not given for a link that the mesh no longer has. */
  readonly link: Link | undefined;
}

export interface MatrixCell {
  readonly name: LinkName;
  readonly kind: ProbeKind | undefined;
  readonly figures: Figures;
  /** As of a `ProbeVerdict`. */
  readonly withoutRetroactive: Figures | undefined;
  readonly coverage: Coverage;
}

export interface ClassSum {
  readonly class: LinkClass;
  readonly links: number;
  readonly verdicts: Readonly<Record<'pass' | 'breach' | 'insufficient', number>>;
  readonly figures: Figures;
  readonly withoutRetroactive: Figures | undefined;
}

export interface LatencyPoint {
  readonly timeMs: number;
  readonly roundTrip: Percentiles;
  readonly sent: number;
  readonly lost: number;
}

interface Parts {
  readonly store: Pick<Store, 'scan'>;
  readonly evidence: Pick<EvidenceBook, 'read'>;
  readonly maintenance: Pick<MaintenanceBook, 'find'>;
  mesh(): Mesh;
  readonly clock: Clock;
}

const isIncluded = ({ excludedBy }: Piece) => excludedBy.length === 0;

/** Verdicts on links over any time, from evidence, the mesh and maintenance windows. */
export class VerdictDesk {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Of one link, or of several as if they were one. Throws `NOT_FOUND` for one that neither the mesh nor evidence knows. */
  async verdict(ids: readonly string[], range: Range): Promise<LinkVerdict> {
    const windows = this.#windows(range);
    const { links } = this.#parts.mesh();
    const found = await this.#evidence(range, windows, ids);
    const names = ids.map((id) => nameOf(id, links.get(id), found));
    const objective = sameObjective(names);
    const kinds = PROBE_KINDS.filter(
      (kind) =>
        found.some(({ series }) => series.kind === kind) || names.some((one) => judgedKindOf(one) === kind),
    );
    const judged = names.map(judgedKindOf).find((kind) => kind !== undefined) ?? kinds[0];
    const probes = kinds.map((kind): ProbeVerdict => {
      const ofKind = found.filter(({ series }) => series.kind === kind);
      const own = ofKind.filter(({ series }) => isOwn(series, links.get(series.link)));
      const pieces = piecesOf(own);
      const isJudged = kind === judged;
      const aim = isJudged ? objective : undefined;
      return {
        ...{ kind, isJudged },
        figures: figuresOf(pieces, aim, isIncluded),
        withoutRetroactive: figuresAsPlanned(pieces, aim),
        coverage: this.#coverage(pieces, range),
        applied: windows
          .filter((window) => names.some(({ id, link }) => concerns(window, id, link)))
          .map((window) => ({ window, probes: probesOf(pieces, window.id) })),
        agents: agentsOf(own),
        strangers: agentsOf(ofKind.filter((one) => !own.includes(one))),
        faults: own.flatMap(({ faults }) => faults),
        gone: own.reduce((sum, { gone }) => sum + gone, 0),
      };
    });
    return {
      links: names,
      objective,
      probes: probes.sort((a, b) => Number(b.isJudged) - Number(a.isJudged)),
    };
  }

  /** Every link of the mesh, and others with evidence in that time; and the links of each class together. */
  async matrix(
    range: Range,
  ): Promise<{ readonly cells: readonly MatrixCell[]; readonly classes: readonly ClassSum[] }> {
    const { links } = this.#parts.mesh();
    const found = await this.#evidence(range, this.#windows(range));
    const byLink = Map.groupBy(found, ({ series }) => series.link);
    const ids = [...new Set([...links.keys(), ...byLink.keys()])];
    const piecesOfCell = new Map<MatrixCell, readonly Piece[]>();
    const cells: MatrixCell[] = [];
    for (const id of ids) {
      const link = links.get(id);
      const all = (byLink.get(id) ?? []).filter(({ series }) => isOwn(series, link));
      if (!link && all.length === 0) continue;
      const kind = link
        ? judgedKind(link)
        : PROBE_KINDS.find((one) => all.some(({ series }) => series.kind === one));
      const pieces = piecesOf(all.filter(({ series }) => series.kind === kind));
      const name = nameOf(id, link, all);
      const figures = figuresOf(pieces, link?.objective, isIncluded);
      const withoutRetroactive = figuresAsPlanned(pieces, link?.objective);
      const cell = { name, kind, figures, withoutRetroactive, coverage: this.#coverage(pieces, range) };
      cells.push(cell);
      piecesOfCell.set(cell, pieces);
    }
    const classes = LINK_CLASSES.flatMap((one): ClassSum[] => {
      const ofClass = cells.filter(({ name }) => name.class === one);
      if (ofClass.length === 0) return [];
      const pieces = ofClass.flatMap((cell) => piecesOfCell.get(cell)!);
      const verdicts = { pass: 0, breach: 0, insufficient: 0 };
      for (const { figures } of ofClass) if (figures.verdict) verdicts[figures.verdict]++;
      const objective = sameObjective(ofClass.map(({ name }) => name));
      const figures = figuresOf(pieces, objective, isIncluded);
      const withoutRetroactive = figuresAsPlanned(pieces, objective);
      return [{ class: one, links: ofClass.length, verdicts, figures, withoutRetroactive }];
    });
    return { cells, classes };
  }

  /** One point for each window of `everyMs` with evidence that counts. Throws as `verdict`. */
  async latency(ids: readonly string[], range: Range, everyMs: number): Promise<LatencyPoint[]> {
    const { links } = this.#parts.mesh();
    const windows = this.#windows(range);
    const points = new Map<number, { readonly histogram: LatencyHistogram; sent: number; lost: number }>();
    const kindOf = new Map(ids.map((id) => [id, judgedKindOf({ id, class: 'inter', link: links.get(id) })]));
    const known = new Set<string>();
    for await (const { series, record } of readRecords(
      this.#parts.store,
      { links: ids, ...range },
      () => {},
    )) {
      const link = links.get(series.link);
      if (!isOwn(series, link)) continue;
      known.add(series.link);
      // Where the mesh says nothing, the kind that comes first does.
      if (!kindOf.get(series.link)) kindOf.set(series.link, series.kind);
      if (series.kind !== kindOf.get(series.link)) continue;
      const exclusions = exclusionsOf(windows, series.link, link);
      if (overlapping(exclusions, record).some(({ isInForce }) => isInForce)) continue;
      const timeMs = Math.floor(record.fromMs / everyMs) * everyMs;
      const point = points.get(timeMs) ?? { histogram: new LatencyHistogram(), sent: 0, lost: 0 };
      points.set(timeMs, point);
      const { roundTrip, account } = totalOf(record);
      point.histogram.merge(roundTrip);
      point.sent += account.received + account.lost + account.late;
      point.lost += account.lost + account.late;
    }
    for (const id of ids) if (!links.has(id) && !known.has(id)) throw unknownLink(id);
    return [...points]
      .sort(([a], [b]) => a - b)
      .map(([timeMs, { histogram, sent, lost }]) => ({
        timeMs,
        roundTrip: percentilesOf(histogram),
        sent,
        lost,
      }));
  }

  #windows({ fromMs, toMs }: Range): MaintenanceWindow[] {
    // A record that starts within the time may end after it.
    return this.#parts.maintenance.find(fromMs, toMs + 300_000);
  }

  #evidence(
    range: Range,
    windows: readonly MaintenanceWindow[],
    ids?: readonly string[],
  ): Promise<SeriesEvidence[]> {
    const { links } = this.#parts.mesh();
    return this.#parts.evidence.read({
      ...range,
      ...(ids && { links: ids }),
      exclusionsOf: (id) => exclusionsOf(windows, id, links.get(id)),
    });
  }

  #coverage(pieces: readonly Piece[], { fromMs, toMs }: Range): Coverage {
    return coverageOf(pieces, fromMs, Math.max(fromMs, Math.min(toMs, this.#parts.clock.nowMs())));
  }
}

function figuresAsPlanned(pieces: readonly Piece[], aim: Objective | undefined): Figures | undefined {
  const isOther = pieces.some((one) => isIncluded(one) === one.isOutAsPlanned);
  return isOther ? figuresOf(pieces, aim, (one) => !one.isOutAsPlanned) : undefined;
}

/** One link after the other, each in order of time: evidence of one is in several series where its class was changed. */
function piecesOf(found: readonly SeriesEvidence[]): Piece[] {
  const startOf = ({ cell }: Piece) => cell.records[0]?.fromMs ?? 0;
  return [...Map.groupBy(found, ({ series }) => series.link).values()].flatMap((ofLink) =>
    ofLink.flatMap(({ pieces }) => pieces).sort((a, b) => startOf(a) - startOf(b)),
  );
}

function nameOf(id: string, link: Link | undefined, found: readonly SeriesEvidence[]): LinkName {
  const tags = found.find(({ series }) => series.link === id)?.series;
  const linkClass = link?.class ?? tags?.class;
  if (!linkClass) throw unknownLink(id);
  return { id, class: linkClass, link };
}

function unknownLink(id: string): SluiceError {
  return new SluiceError('NOT_FOUND', {
    what: {
      en: `link ${id} in the mesh, nor evidence of it in that time`,
      zh: `链路 ${id}（网格中没有，该时段内也没有其证据）`,
    },
  });
}

function judgedKindOf({ link }: LinkName): ProbeKind | undefined {
  return link && judgedKind(link);
}

function sameObjective(names: readonly LinkName[]): Objective | undefined {
  const [first, ...others] = names.map(({ link }) => link?.objective);
  return others.every((one) => JSON.stringify(one) === JSON.stringify(first)) ? first : undefined;
}

function probesOf(pieces: readonly Piece[], id: string): number {
  return pieces
    .filter(({ excludedBy }) => excludedBy.includes(id))
    .reduce((sum, { cell }) => sum + cell.measures.account.scheduled, 0);
}

function agentsOf(found: readonly SeriesEvidence[]): Agent[] {
  const names = new Map(
    found.map(({ series: { site, gateway } }) => [`${site} ${gateway}`, { site, gateway }]),
  );
  return [...names.values()];
}
