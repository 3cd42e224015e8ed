import { SluiceError } from '../../../core/errors.ts';
import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { totalOf } from '../../../core/links/link-record.ts';
import { type Measures, PROBE_KINDS, type ProbeKind } from '../../../core/links/measures.ts';
import type { Objective } from '../../../core/links/mesh.ts';
import { HOUR_MS } from '../../rollups/roll-up.ts';
import type { Piece, SeriesEvidence } from '../evidence/evidence.ts';
import { isOwn } from '../evidence/evidence-series.ts';
import { overlapping } from '../evidence/exclusion.ts';
import { readRecords } from '../evidence/read-records.ts';
import { spanOf } from '../hours/cell.ts';
import { concerns, exclusionsOf, type MaintenanceWindow } from '../maintenance/maintenance-window.ts';
import { type Coverage, spansOf } from './coverage.ts';
import { digestOf, type Figures, figuresOf, type Percentiles, percentilesOf } from './figures.ts';
import {
  coverageUntilNow,
  exclusionsBy,
  hoursOf,
  isAsPlanned,
  isIncluded,
  isOtherThanPlanned,
  piecesOf,
  type Range,
  type VerdictParts,
  windowsOf,
} from './judged-pieces.ts';
import { LinkMatrix, type MatrixOfLinks } from './link-matrix.ts';
import { judgedKindOf, type LinkName, nameOf, sameObjective, unknownLink } from './link-name.ts';

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

export interface LatencyPoint {
  readonly timeMs: number;
  readonly roundTrip: Percentiles;
  readonly sent: number;
  readonly lost: number;
}

/** An hour of a link takes about 10 kB: what a verdict may ask for takes 250 MB. */
const MOST_HOURS = 25_000;

/** Verdicts on links over any time, from evidence, the mesh and maintenance windows. */
export class VerdictDesk {
  readonly #parts: VerdictParts;
  readonly #matrix: LinkMatrix;
  #busy: Promise<unknown> = Promise.resolve();

  constructor(parts: VerdictParts) {
    this.#parts = parts;
    this.#matrix = new LinkMatrix(parts, (work) => this.#alone(work));
  }

  /**
   * Of one link, or of several as if they were one. Throws `NOT_FOUND` for one that neither the mesh nor evidence knows, and
   * `QUERY_TOO_LARGE`.
   */
  async verdict(ids: readonly string[], range: Range): Promise<LinkVerdict> {
    if (ids.length * hoursOf(range) > MOST_HOURS)
      throw new SluiceError('QUERY_TOO_LARGE', { limit: MOST_HOURS });
    return this.#alone(() => this.#verdict(ids, range));
  }

  /** Whoever asks for much waits for others, so that many who ask at once take no more memory than one. */
  #alone<T>(work: () => Promise<T>): Promise<T> {
    const done = this.#busy.then(work);
    this.#busy = done.catch(() => {});
    return done;
  }

  async #verdict(ids: readonly string[], range: Range): Promise<LinkVerdict> {
    const windows = windowsOf(this.#parts, range);
    const { links } = this.#parts.mesh();
    const found = await this.#evidence(range, windows, ids);
    const names = ids.map((id) => nameOf(id, links.get(id), found));
    const judgedKinds = new Set(names.map(judgedKindOf).filter((kind) => kind !== undefined));
    // Links that are judged by different probes have no common evidence: by one kind, some would count with nothing.
    const objective = judgedKinds.size === 1 ? sameObjective(names) : undefined;
    const kinds = PROBE_KINDS.filter(
      (kind) =>
        found.some(({ series }) => series.kind === kind) || names.some((one) => judgedKindOf(one) === kind),
    );
    const [judged = kinds[0]] = judgedKinds;
    const probes = kinds.map((kind): ProbeVerdict => {
      const ofKind = found.filter(({ series }) => series.kind === kind);
      const own = ofKind.filter(({ series }) => isOwn(series, links.get(series.link)));
      const pieces = piecesOf(own);
      const isJudged = kind === judged;
      const aim = isJudged ? objective : undefined;
      return {
        ...{ kind, isJudged },
        figures: figuresOf(digestOf(pieces, aim, isIncluded), aim),
        withoutRetroactive: isOtherThanPlanned(pieces)
          ? figuresOf(digestOf(pieces, aim, isAsPlanned), aim)
          : undefined,
        coverage: coverageUntilNow(
          this.#parts,
          ids.map((id) => spansOf(piecesOf(own.filter(({ series }) => series.link === id)))),
          range,
        ),
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

  /** See `LinkMatrix.of`. */
  matrix(range: Range): Promise<MatrixOfLinks> {
    return this.#matrix.of(range);
  }

  /** One point for each window of `everyMs` with evidence that counts. Throws as `verdict`. */
  async latency(ids: readonly string[], range: Range, everyMs: number): Promise<LatencyPoint[]> {
    const isByHours = everyMs % HOUR_MS === 0 && ids.length * hoursOf(range) <= MOST_HOURS;
    const fromHours = isByHours
      ? await this.#alone(() => this.#latencyOfHours(ids, range, everyMs))
      : undefined;
    return fromHours ?? this.#latencyOfRecords(ids, range, everyMs);
  }

  /** Undefined where an hour of readings has records of two windows: only each record tells which. */
  async #latencyOfHours(
    ids: readonly string[],
    range: Range,
    everyMs: number,
  ): Promise<LatencyPoint[] | undefined> {
    const { links } = this.#parts.mesh();
    const found = await this.#evidence(range, windowsOf(this.#parts, range), ids);
    const names = ids.map((id) => nameOf(id, links.get(id), found));
    const points = new Map<number, OpenPoint>();
    for (const name of names) {
      const own = found.filter(({ series }) => series.link === name.id && isOwn(series, name.link));
      const kind =
        judgedKindOf(name) ?? PROBE_KINDS.find((one) => own.some(({ series }) => series.kind === one));
      for (const { cell } of piecesOf(own.filter(({ series }) => series.kind === kind)).filter(isIncluded)) {
        const span = spanOf(cell)!;
        const timeMs = Math.floor(span.fromMs / everyMs) * everyMs;
        if (span.lastFromMs >= timeMs + everyMs) return undefined;
        addTo(points, timeMs, cell.measures);
      }
    }
    return pointsOf(points);
  }

  async #latencyOfRecords(ids: readonly string[], range: Range, everyMs: number): Promise<LatencyPoint[]> {
    const { links } = this.#parts.mesh();
    const windows = windowsOf(this.#parts, range);
    const points = new Map<number, OpenPoint>();
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
      addTo(points, timeMs, totalOf(record));
    }
    for (const id of ids) if (!links.has(id) && !known.has(id)) throw unknownLink(id);
    return pointsOf(points);
  }

  #evidence(
    range: Range,
    windows: readonly MaintenanceWindow[],
    ids: readonly string[],
  ): Promise<SeriesEvidence[]> {
    const exclusionsOf = exclusionsBy(this.#parts, windows);
    return this.#parts.evidence.read({ ...range, links: ids, exclusionsOf });
  }
}

interface OpenPoint {
  readonly histogram: LatencyHistogram;
  sent: number;
  lost: number;
}

function addTo(points: Map<number, OpenPoint>, timeMs: number, { roundTrip, account }: Measures): void {
  const point = points.get(timeMs) ?? { histogram: new LatencyHistogram(), sent: 0, lost: 0 };
  points.set(timeMs, point);
  point.histogram.merge(roundTrip);
  point.sent += account.received + account.lost + account.late;
  point.lost += account.lost + account.late;
}

function pointsOf(points: ReadonlyMap<number, OpenPoint>): LatencyPoint[] {
  return [...points]
    .sort(([a], [b]) => a - b)
    .map(([timeMs, { histogram, ...counts }]) => ({
      ...{ timeMs, roundTrip: percentilesOf(histogram) },
      ...counts,
    }));
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
