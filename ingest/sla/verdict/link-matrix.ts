import { setImmediate } from 'node:timers/promises';
import { SluiceError } from '../../../core/errors.ts';
import { LINK_CLASSES, type LinkClass, PROBE_KINDS, type ProbeKind } from '../../../core/links/measures.ts';
import { judgedKind, type Link } from '../../../core/links/mesh.ts';
import type { CountedSeries, Piece, SeriesEvidence } from '../evidence/evidence.ts';
import { isOwn } from '../evidence/evidence-series.ts';
import type { Exclusion } from '../evidence/exclusion.ts';
import type { Coverage } from './coverage.ts';
import { type Digest, type Figures, figuresOf, joined } from './figures.ts';
import {
  coverageUntilNow,
  exclusionsBy,
  hoursOf,
  isAsPlanned,
  isIncluded,
  isOtherThanPlanned,
  piecesOf,
  type Range,
  startOf,
  type VerdictParts,
  windowsOf,
} from './judged-pieces.ts';
import { type KnownHours, KnownHoursOfLinks } from './known-hours.ts';
import { type LinkName, nameOf, sameObjective } from './link-name.ts';
import { followedBy, type MergedHours, mergedHours } from './merged-hours.ts';

/** An hour of a link takes about 10 kB: what is held at a time takes 50 MB. */
const HOURS_AT_ONCE = 5_000;
/** A month of 1 300 links, which takes about a minute. */
const MOST_HOURS = 1_000_000;

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

export interface MatrixOfLinks {
  readonly cells: readonly MatrixCell[];
  readonly classes: readonly ClassSum[];
}

interface DigestedCell {
  readonly cell: MatrixCell;
  readonly digest: Digest;
  /** Only where windows are not as they were planned. */
  readonly planned: Digest | undefined;
}

/** What was found of some links, of which the hours that were known were not read again. */
interface FoundLinks {
  readonly series: ReadonlyMap<string, readonly SeriesEvidence[]>;
  readonly counted: ReadonlyMap<string, CountedSeries>;
  readonly known: ReadonlyMap<string, KnownHours>;
}

/** Every link against its objective, and the links of each class together. */
export class LinkMatrix {
  readonly #parts: VerdictParts;
  readonly #known: KnownHoursOfLinks;
  readonly #alone: <T>(work: () => Promise<T>) => Promise<T>;

  /** `alone` runs one work after the other. */
  constructor(parts: VerdictParts, alone: <T>(work: () => Promise<T>) => Promise<T>) {
    this.#parts = parts;
    this.#known = new KnownHoursOfLinks(parts.clock);
    this.#alone = alone;
  }

  /**
   * Every link of the mesh, and others with evidence in that time; and the links of each class together. Links are read some at a
   * time, so that it takes as much memory for a month as for a day. Throws `QUERY_TOO_LARGE`.
   */
  async of(range: Range): Promise<MatrixOfLinks> {
    const { links } = this.#parts.mesh();
    const exclusionsOf = exclusionsBy(this.#parts, windowsOf(this.#parts, range));
    const ids = [...new Set([...links.keys(), ...(await this.#parts.evidence.links(range))])];
    const hours = hoursOf(range);
    if (ids.length * hours > MOST_HOURS) throw new SluiceError('QUERY_TOO_LARGE', { limit: MOST_HOURS });
    const atOnce = Math.max(1, Math.floor(HOURS_AT_ONCE / hours));
    const digested: DigestedCell[] = [];
    for (let from = 0; from < ids.length; from += atOnce) {
      const some = ids.slice(from, from + atOnce);
      digested.push(...(await this.#alone(() => this.#cells(some, links, range, exclusionsOf))));
    }
    const classes = LINK_CLASSES.flatMap((one) => {
      const ofClass = digested.filter(({ cell }) => cell.name.class === one);
      return ofClass.length > 0 ? [classSum(one, ofClass)] : [];
    });
    return { cells: digested.map(({ cell }) => cell), classes };
  }

  async #cells(
    ids: readonly string[],
    links: ReadonlyMap<string, Link>,
    range: Range,
    exclusionsOf: (id: string) => readonly Exclusion[],
  ): Promise<DigestedCell[]> {
    const found = await this.#find(ids, links, range, exclusionsOf);
    const cells: DigestedCell[] = [];
    for (const id of ids) {
      const cell = this.#cell(id, links.get(id), found, range);
      if (cell === 'again') cells.push(...(await this.#cells([id], links, range, exclusionsOf)));
      else if (cell) cells.push(cell);
      await setImmediate();
    }
    return cells;
  }

  /** Of a link of the mesh only what it is judged by is read, and of that what is not known. */
  async #find(
    ids: readonly string[],
    links: ReadonlyMap<string, Link>,
    range: Range,
    exclusionsOf: (id: string) => readonly Exclusion[],
  ): Promise<FoundLinks> {
    const counted = new Map<string, CountedSeries>();
    const known = new Map<string, KnownHours>();
    const readFrom = (all: readonly CountedSeries[]) => {
      const fromMs = new Map<string, number>();
      for (const [id, ofLink] of Map.groupBy(all, ({ series }) => series.link)) {
        const link = links.get(id);
        if (!link) continue;
        const judged = ofLink.filter(({ series }) => isOwn(series, link) && series.kind === judgedKind(link));
        for (const { key } of ofLink) fromMs.set(key, Number.POSITIVE_INFINITY);
        for (const { key } of judged) fromMs.delete(key);
        const [only] = judged;
        // Hours of several series interleave, and those that windows cut are not of one piece.
        if (!only || judged.length > 1 || exclusionsOf(id).length > 0) continue;
        counted.set(id, only);
        const hours = this.#known.find(id, range, link.objective.latencyMs, only);
        if (!hours) continue;
        known.set(id, hours);
        fromMs.set(only.key, hours.untilMs);
      }
      return fromMs;
    };
    const series = await this.#parts.evidence.read({ ...range, links: ids, exclusionsOf, readFrom });
    return { series: Map.groupBy(series, (one) => one.series.link), counted, known };
  }

  /** `again`: what is known of it does not go before what was found, so all of it is to be read. */
  #cell(
    id: string,
    link: Link | undefined,
    found: FoundLinks,
    range: Range,
  ): DigestedCell | 'again' | undefined {
    const all = (found.series.get(id) ?? []).filter(({ series }) => isOwn(series, link));
    if (!link && all.length === 0) return undefined;
    const kind = link
      ? judgedKind(link)
      : PROBE_KINDS.find((one) => all.some(({ series }) => series.kind === one));
    const judged = all.filter(({ series }) => series.kind === kind);
    const pieces = piecesOf(judged);
    const counted = found.counted.get(id);
    const known = found.known.get(id);
    if (known && pieces[0] && startOf(pieces[0]) < known.lastStartMs) {
      this.#known.forget(id, range);
      return 'again';
    }
    const aim = link?.objective;
    const merged =
      link && counted
        ? this.#merged(
            link,
            { pieces, isWhole: judged.every(({ gone }) => gone === 0) },
            counted,
            known,
            range,
          )
        : mergedHours(pieces, aim, isIncluded);
    const planned = isOtherThanPlanned(pieces) ? mergedHours(pieces, aim, isAsPlanned) : undefined;
    const cell = {
      ...{ name: nameOf(id, link, all), kind, figures: figuresOf(merged.digest, aim) },
      withoutRetroactive: planned && figuresOf(planned.digest, aim),
      coverage: coverageUntilNow(this.#parts, [merged.spans], range),
    };
    return { cell, digest: shortOf(merged), planned: planned && shortOf(planned) };
  }

  /** All of a link with one series and no window, of which the hours before the newest are kept for the next time. */
  #merged(
    link: Link,
    { pieces, isWhole }: { readonly pieces: readonly Piece[]; readonly isWhole: boolean },
    { key, rows }: CountedSeries,
    known: KnownHours | undefined,
    range: Range,
  ): MergedHours {
    const untilMs = Math.max(...rows.keys());
    const isOpen = ({ hourMs }: Piece) => hourMs >= untilMs;
    const newest = pieces.findIndex(isOpen);
    const closed = newest === -1 ? pieces : pieces.slice(0, newest);
    const open = newest === -1 ? [] : pieces.slice(newest);
    const merge = (some: readonly Piece[]) => mergedHours(some, link.objective, isIncluded);
    const before = known ? after(known.merged, closed, merge) : merge(closed);
    // Records that are not in order of their readings may belong before those of the hour before.
    if (isWhole && open.every(isOpen) && (!known || known.untilMs < untilMs)) {
      const last = closed.at(-1);
      this.#known.keep(link.id, range, {
        ...{ merged: before, key, untilMs, latencyMs: link.objective.latencyMs },
        rows: new Map([...rows].filter(([hourMs]) => hourMs < untilMs)),
        lastStartMs: last ? startOf(last) : (known?.lastStartMs ?? Number.NEGATIVE_INFINITY),
      });
    }
    return after(before, open, merge);
  }
}

function after(
  before: MergedHours,
  pieces: readonly Piece[],
  merge: (pieces: readonly Piece[]) => MergedHours,
): MergedHours {
  return pieces.length === 0 ? before : followedBy(before, merge(pieces));
}

function shortOf({ digest, lossByHour }: MergedHours): Digest {
  return { ...digest, loss: lossByHour };
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
