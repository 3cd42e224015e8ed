import { setImmediate } from 'node:timers/promises';
import type { LinkRecord } from '../../../core/links/link-record.ts';
import { HOUR_MS } from '../../rollups/roll-up.ts';
import type { Store } from '../../stores/store.ts';
import { addRecord, emptyCell, spanOf } from '../hours/cell.ts';
import type { KeptHour } from '../hours/hour-file.ts';
import type { CountedSeries, EvidenceQuery, Piece } from './evidence.ts';
import { keyOf } from './evidence-series.ts';
import { type Exclusion, overlapping } from './exclusion.ts';
import { type EvidenceFault, evidenceFilter, recordsOf } from './read-records.ts';

/** More links than these are not named to the store, which would be asked for nearly all of them anyway. */
const MOST_NAMED = 100;
/** A commit waits for the disk, and others for it: some ms. */
const HOURS_OF_ONE_COMMIT = 50;
/** Some ms of work; then others have their turn. */
const RECORDS_AT_ONCE = 50;

type Fault = Omit<EvidenceFault, 'series'>;

/** What is asked of one series of the store, and what was found of it. */
export interface WantedSeries extends CountedSeries {
  readonly pieces: Piece[];
  readonly faults: Fault[];
  gone: number;
}

export interface HourToRead {
  readonly wanted: WantedSeries;
  readonly hourMs: number;
  /** What is kept of it, and does not answer. */
  readonly kept: KeptHour | undefined;
}

export interface MadeHour {
  readonly key: string;
  readonly hour: KeptHour;
}

interface Parts {
  readonly store: Pick<Store, 'scan'>;
  readonly query: EvidenceQuery;
  keep(hours: readonly MadeHour[]): void;
}

/** All of the hour is asked for, and nothing is taken out of it. */
export function isWhole(wanted: WantedSeries, { cell }: KeptHour, query: EvidenceQuery): boolean {
  const span = spanOf(cell);
  if (!span) return true;
  if (span.fromMs < query.fromMs || span.lastFromMs >= query.toMs) return false;
  return overlapping(exclusionsOf(wanted, query), span).length === 0;
}

/** None of its records belongs to the time: only their readings are near. */
export function isOutside({ cell: { records } }: KeptHour, query: EvidenceQuery): boolean {
  return !records.fromMs.some((fromMs) => isIn(fromMs, query));
}

export function takeWhole(wanted: WantedSeries, hour: KeptHour, query: EvidenceQuery): void {
  const { cell, hourMs } = hour;
  if (spanOf(cell)) wanted.pieces.push({ cell, hourMs, excludedBy: [], isOutAsPlanned: false });
  takeFaults(wanted, hour, query);
}

/** Of an hour none of whose records belongs to the time, some may. */
export function takeFaults({ faults }: WantedSeries, hour: KeptHour, query: EvidenceQuery): void {
  faults.push(...hour.faults.filter(({ timeMs }) => isIn(timeMs, query)));
}

function isIn(ms: number, { fromMs, toMs }: EvidenceQuery): boolean {
  return ms >= fromMs && ms < toMs;
}

/**
 * Adds to hours that are kept what is newer in the store. Returns those to which something else has come: they must be read
 * again as a whole.
 */
export async function goOnWithHours(hours: readonly HourToRead[], parts: Parts): Promise<HourToRead[]> {
  const failed: HourToRead[] = [];
  for (const [hourMs, ofHour] of Map.groupBy(hours, (one) => one.hourMs)) {
    const fromMs = Math.min(...ofHour.map(({ kept }) => kept!.lastMs)) + 1;
    const made = new Map<HourToRead, KeptHour>();
    const range = { fromMs, toMs: hourMs + HOUR_MS };
    await scanHours(ofHour, range, parts, true, (one, { kept }) => made.set(one, kept));
    for (const one of ofHour) {
      const hour = made.get(one) ?? one.kept!;
      if (hour.rows === one.wanted.rows.get(hourMs) && isWhole(one.wanted, hour, parts.query))
        takeWhole(one.wanted, hour, parts.query);
      else failed.push(one);
    }
  }
  return failed;
}

/** Reads hours from the store, those that follow each other at once for all series that need the same of them. */
export async function readHours(hours: readonly HourToRead[], parts: Parts): Promise<void> {
  const byHour = Map.groupBy(hours, ({ hourMs }) => hourMs);
  const left = [...byHour.keys()].sort((a, b) => a - b);
  while (left.length > 0) {
    const fromMs = left.shift()!;
    const run = [...byHour.get(fromMs)!];
    const names = namesOf(run);
    let toMs = fromMs + HOUR_MS;
    while (left[0] === toMs && namesOf(byHour.get(toMs)!) === names) {
      run.push(...byHour.get(toMs)!);
      left.shift();
      toMs += HOUR_MS;
    }
    const rowsOf = new Map<HourToRead, number>();
    await scanHours(run, { fromMs, toMs }, parts, false, (one, hour) => {
      takeParts(one.wanted, hour, parts.query);
      rowsOf.set(one, hour.kept.rows);
    });
    for (const one of run)
      one.wanted.gone += Math.max(0, one.wanted.rows.get(one.hourMs)! - (rowsOf.get(one) ?? 0));
  }
}

function namesOf(hours: readonly HourToRead[]): string {
  return hours.map(({ wanted }) => wanted.key).join(' ');
}

interface ReadHour {
  readonly kept: KeptHour;
  readonly records: readonly LinkRecord[];
}

/** `goesOn`: what is newer than the kept hour is added to it. Records of one hour at a time are held; `done` is to let go of them. */
async function scanHours(
  hours: readonly HourToRead[],
  range: { readonly fromMs: number; readonly toMs: number },
  { store, query, keep }: Parts,
  goesOn: boolean,
  done: (one: HourToRead, hour: ReadHour) => void,
): Promise<void> {
  const byId = new Map(hours.map((one) => [`${one.wanted.key} ${one.hourMs}`, one]));
  const links = [...new Set(hours.map(({ wanted }) => wanted.series.link))];
  const named = links.length <= MOST_NAMED ? links : query.links;
  let toKeep: MadeHour[] = [];
  let taken = 0;
  let open: { readonly id: string; readonly hour: HourMaker } | undefined;
  const close = () => {
    const one = open && byId.get(open.id);
    if (!open || !one) return;
    const read = open.hour.end();
    done(one, read);
    toKeep.push({ key: one.wanted.key, hour: read.kept });
    open = undefined;
    if (toKeep.length < HOURS_OF_ONE_COMMIT) return;
    keep(toKeep);
    toKeep = [];
  };
  for await (const batch of store.scan({ ...evidenceFilter(named, query.kinds), ...range })) {
    const key = keyOf(batch.series);
    for (const { timeMs, found } of inOrder(batch)) {
      const id = `${key} ${Math.floor(timeMs / HOUR_MS) * HOUR_MS}`;
      if (open?.id !== id) {
        close();
        const one = byId.get(id);
        if (!one) continue;
        open = { id, hour: new HourMaker(one.hourMs, goesOn ? one.kept : undefined) };
      }
      open.hour.take(timeMs, found);
      if (++taken % RECORDS_AT_ONCE === 0) await setImmediate();
    }
    await setImmediate();
  }
  close();
  keep(toKeep);
}

/** Records and, as texts, what is wrong with the others. */
function* inOrder(batch: Parameters<typeof recordsOf>[0]) {
  let faults: Fault[] = [];
  const told = function* () {
    for (const { timeMs, reason } of faults) yield { timeMs, found: reason };
    faults = [];
  };
  for (const { timeMs, record } of recordsOf(batch, (fault) => faults.push(fault))) {
    yield* told();
    yield { timeMs, found: record };
  }
  yield* told();
}

/** Gathers the readings of one hour. */
class HourMaker {
  readonly #hourMs: number;
  readonly #cell;
  readonly #faults: Fault[];
  readonly #records: LinkRecord[] = [];
  #rows: number;
  #lastMs: number;

  constructor(hourMs: number, kept: KeptHour | undefined) {
    this.#hourMs = hourMs;
    this.#cell = kept?.cell ?? emptyCell();
    this.#faults = [...(kept?.faults ?? [])];
    this.#rows = kept?.rows ?? 0;
    this.#lastMs = kept?.lastMs ?? Number.NEGATIVE_INFINITY;
  }

  take(timeMs: number, found: LinkRecord | string): void {
    if (timeMs <= this.#lastMs) return;
    this.#lastMs = timeMs;
    this.#rows++;
    if (typeof found === 'string') this.#faults.push({ timeMs, reason: found });
    else {
      addRecord(this.#cell, found);
      this.#records.push(found);
    }
  }

  end(): ReadHour {
    const kept = {
      ...{ hourMs: this.#hourMs, rows: this.#rows, lastMs: this.#lastMs },
      ...{ faults: this.#faults, cell: this.#cell },
    };
    return { kept, records: this.#records };
  }
}

/** What was asked for of an hour, cut where an exclusion begins or ends. */
function takeParts(wanted: WantedSeries, { kept, records }: ReadHour, query: EvidenceQuery): void {
  if (isWhole(wanted, kept, query)) {
    takeWhole(wanted, kept, query);
    return;
  }
  takeFaults(wanted, kept, query);
  const exclusions = exclusionsOf(wanted, query);
  let last: Piece | undefined;
  for (const record of records) {
    if (!isIn(record.fromMs, query)) continue;
    const out = overlapping(exclusions, record);
    const excludedBy = out.filter(({ isInForce }) => isInForce).map(({ id }) => id);
    const isOutAsPlanned = out.some(({ isPlanned }) => isPlanned);
    if (last?.excludedBy.join() !== excludedBy.join() || last.isOutAsPlanned !== isOutAsPlanned) {
      last = { cell: emptyCell(), hourMs: kept.hourMs, excludedBy, isOutAsPlanned };
      wanted.pieces.push(last);
    }
    addRecord(last!.cell, record);
  }
}

function exclusionsOf({ series }: WantedSeries, query: EvidenceQuery): readonly Exclusion[] {
  return query.exclusionsOf?.(series.link) ?? [];
}
