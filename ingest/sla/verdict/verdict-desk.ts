import { setImmediate } from 'node:timers/promises';
import type { Clock } from '../../../core/clock.ts';
import { SluiceError } from '../../../core/errors.ts';
import { LatencyHistogram } from '../../../core/latency-histogram.ts';
import { totalOf } from '../../../core/links/link-record.ts';
import {
  LINK_CLASSES,
  type LinkClass,
  type Measures,
  PROBE_KINDS,
  type ProbeKind,
} from '../../../core/links/measures.ts';
import { judgedKind, type Link, type Mesh, type Objective } from '../../../core/links/mesh.ts';
import { HOUR_MS } from '../../rollups/roll-up.ts';
import type { Store } from '../../stores/store.ts';
import type { Piece, SeriesEvidence } from '../evidence/evidence.ts';
import type { EvidenceBook } from '../evidence/evidence-book.ts';
import { isOwn } from '../evidence/evidence-series.ts';
import { type Exclusion, overlapping } from '../evidence/exclusion.ts';
import { readRecords } from '../evidence/read-records.ts';
import type { MaintenanceBook } from '../maintenance/maintenance-book.ts';
import { concerns, exclusionsOf, type MaintenanceWindow } from '../maintenance/maintenance-window.ts';
import { type Coverage, coverageOf } from './coverage.ts';
import {
  byHour,
  type Digest,
  digestOf,
  type Figures,
  figuresOf,
  joined,
  type Percentiles,
  percentilesOf,
} from './figures.ts';

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
  readonly evidence: Pick<EvidenceBook, 'read' | 'links'>;
  readonly maintenance: Pick<MaintenanceBook, 'find'>;
  mesh(): Mesh;
  readonly clock: Clock;
}

const isIncluded = ({ excludedBy }: Piece) => excludedBy.length === 0;
const isAsPlanned = ({ isOutAsPlanned }: Piece) => !isOutAsPlanned;

/** An hour of a link takes about 10 kB: what is held at a time takes 50 MB, and what a verdict may ask for 250 MB. */
const HOURS_AT_ONCE = 5_000;
const MOST_HOURS = 25_000;
/** A month of 1 300 links, which takes about a minute. */
const MOST_MATRIX_HOURS = 1_000_000;

/** Verdicts on links over any time, from evidence, the mesh and maintenance windows. */
export class VerdictDesk {
  readonly #parts: Parts;

  #busy: Promise<unknown> = Promise.resolve();

  constructor(parts: Parts) {
    this.#parts = parts;
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
    const windows = this.#windows(range);
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
        coverage: this.#coverage(
          ids.map((id) => piecesOf(own.filter(({ series }) => series.link === id))),
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

  /**
   * Every link of the mesh, and others with evidence in that time; and the links of each class together. Links are read some at a
   * time, so that it takes as much memory for a month as for a day. Throws `QUERY_TOO_LARGE`.
   */
  async matrix(
    range: Range,
  ): Promise<{ readonly cells: readonly MatrixCell[]; readonly classes: readonly ClassSum[] }> {
    const { links } = this.#parts.mesh();
    const windows = this.#windows(range);
    const ids = [...new Set([...links.keys(), ...(await this.#parts.evidence.links(range))])];
    const hours = hoursOf(range);
    if (ids.length * hours > MOST_MATRIX_HOURS)
      throw new SluiceError('QUERY_TOO_LARGE', { limit: MOST_MATRIX_HOURS });
    const atOnce = Math.max(1, Math.floor(HOURS_AT_ONCE / hours));
    const digested: DigestedCell[] = [];
    for (let from = 0; from < ids.length; from += atOnce) {
      const some = ids.slice(from, from + atOnce);
      await this.#alone(async () => {
        const found = Map.groupBy(await this.#evidence(range, windows, some), (one) => one.series.link);
        for (const id of some) {
          const cell = this.#cell(id, links.get(id), found.get(id) ?? [], range);
          if (cell) digested.push(cell);
          await setImmediate();
        }
      });
    }
    const classes = LINK_CLASSES.flatMap((one) => {
      const ofClass = digested.filter(({ cell }) => cell.name.class === one);
      return ofClass.length > 0 ? [classSum(one, ofClass)] : [];
    });
    return { cells: digested.map(({ cell }) => cell), classes };
  }

  #cell(
    id: string,
    link: Link | undefined,
    found: readonly SeriesEvidence[],
    range: Range,
  ): DigestedCell | undefined {
    const all = found.filter(({ series }) => isOwn(series, link));
    if (!link && all.length === 0) return undefined;
    const kind = link
      ? judgedKind(link)
      : PROBE_KINDS.find((one) => all.some(({ series }) => series.kind === one));
    const pieces = piecesOf(all.filter(({ series }) => series.kind === kind));
    const aim = link?.objective;
    const digest = digestOf(pieces, aim, isIncluded);
    const planned = isOtherThanPlanned(pieces) ? digestOf(pieces, aim, isAsPlanned) : undefined;
    const cell = {
      ...{ name: nameOf(id, link, all), kind, figures: figuresOf(digest, aim) },
      ...{
        withoutRetroactive: planned && figuresOf(planned, aim),
        coverage: this.#coverage([pieces], range),
      },
    };
    return {
      ...{ cell, digest: byHour(digest, pieces, isIncluded) },
      planned: planned && byHour(planned, pieces, isAsPlanned),
    };
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
    const found = await this.#evidence(range, this.#windows(range), ids);
    const names = ids.map((id) => nameOf(id, links.get(id), found));
    const points = new Map<number, OpenPoint>();
    for (const name of names) {
      const own = found.filter(({ series }) => series.link === name.id && isOwn(series, name.link));
      const kind =
        judgedKindOf(name) ?? PROBE_KINDS.find((one) => own.some(({ series }) => series.kind === one));
      for (const { cell } of piecesOf(own.filter(({ series }) => series.kind === kind)).filter(isIncluded)) {
        const timeMs = Math.floor(cell.records[0]!.fromMs / everyMs) * everyMs;
        if (cell.records.at(-1)!.fromMs >= timeMs + everyMs) return undefined;
        addTo(points, timeMs, cell.measures);
      }
    }
    return pointsOf(points);
  }

  async #latencyOfRecords(ids: readonly string[], range: Range, everyMs: number): Promise<LatencyPoint[]> {
    const { links } = this.#parts.mesh();
    const windows = this.#windows(range);
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

  #windows({ fromMs, toMs }: Range): MaintenanceWindow[] {
    // A record that starts within the time may end after it.
    return this.#parts.maintenance.find(fromMs, toMs + 300_000);
  }

  #evidence(
    range: Range,
    windows: readonly MaintenanceWindow[],
    ids: readonly string[],
  ): Promise<SeriesEvidence[]> {
    const { links } = this.#parts.mesh();
    const known = new Map<string, readonly Exclusion[]>();
    return this.#parts.evidence.read({
      ...{ ...range, links: ids },
      // Asked for every hour.
      exclusionsOf: (id) => {
        const found = known.get(id) ?? exclusionsOf(windows, id, links.get(id));
        known.set(id, found);
        return found;
      },
    });
  }

  #coverage(pieces: readonly (readonly Piece[])[], { fromMs, toMs }: Range): Coverage {
    return coverageOf(pieces, fromMs, Math.max(fromMs, Math.min(toMs, this.#parts.clock.nowMs())));
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

interface DigestedCell {
  readonly cell: MatrixCell;
  readonly digest: Digest;
  /** Only where windows are not as they were planned. */
  readonly planned: Digest | undefined;
}

function classSum(linkClass: LinkClass, cells: readonly DigestedCell[]): ClassSum {
  const verdicts = { pass: 0, breach: 0, insufficient: 0 };
  for (const { cell } of cells) if (cell.figures.verdict) verdicts[cell.figures.verdict]++;
  const objective = sameObjective(cells.map(({ cell }) => cell.name));
  const asPlanned = cells.map(({ digest, planned }) => planned ?? digest);
  return {
    ...{ class: linkClass, links: cells.length, verdicts },
    figures: figuresOf(joined(cells.map(({ digest }) => digest)), objective),
    withoutRetroactive: cells.some(({ planned }) => planned)
      ? figuresOf(joined(asPlanned), objective)
      : undefined,
  };
}

function hoursOf({ fromMs, toMs }: Range): number {
  return Math.ceil((toMs - fromMs) / HOUR_MS);
}

function isOtherThanPlanned(pieces: readonly Piece[]): boolean {
  return pieces.some((one) => isIncluded(one) !== isAsPlanned(one));
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
