import { SluiceError } from '../../../core/errors.ts';
import { findQuantity } from '../../../core/quantities.ts';
import { ReadingBatch, SeriesTable } from '../../../core/reading-batch.ts';
import { planSegments, type Segment, withoutStale } from '../../rollups/plan-segments.ts';
import type { LastRows } from '../last-values.ts';
import { SCAN_ROWS } from '../scan.ts';
import { type Aggregate, quantileOf } from '../store.ts';
import type { Expired, ExpireOrder, RolledUp } from '../upkeep.ts';
import { WindowFold } from '../window-fold.ts';
import { Database, type NumberedSeries } from './database.ts';
import { Head } from './head.ts';
import type { LogRows } from './log-record.ts';
import { placePoints } from './place-points.ts';
import { lowerBound, mergePoints, Points } from './points.ts';
import { WINDOW_MS } from './roll-up-tables.ts';
import { expire, hoursTouched, markStale, rollUp } from './roll-up-work.ts';

export interface HeadLimits {
  /** Rows, batches and characters of text that wait in memory and in the log; past any they are sealed into blocks. */
  readonly rows: number;
  readonly records: number;
  readonly textLength: number;
  /** Series that are sealed in one commit: it costs one wait for the disk, and holds up queries meanwhile. */
  readonly seriesPerCommit: number;
}

/** A million rows are 40 MB of memory and a fifth of a second at start; so many characters of text are as much. */
export const HEAD_LIMITS: HeadLimits = {
  rows: 1_000_000,
  records: 2_000,
  textLength: 20_000_000,
  seriesPerCommit: 32,
};

export interface EngineWrite {
  readonly series: readonly NumberedSeries[];
  readonly rows: LogRows;
}

export interface EngineQuery {
  /** Series by id; those of one group become one. */
  readonly groups: readonly (readonly number[])[];
  readonly fromMs: number;
  readonly toMs: number;
  readonly window?: { readonly everyMs: number; readonly fn: Aggregate };
  readonly maxPoints: number;
}

/** Points of a group; `status` only without a window. */
export interface EngineAnswer {
  readonly timeMs: number[];
  readonly value: (number | string)[];
  readonly status?: number[];
}

/** A page of readings of several series, one after the other. */
export interface EngineScan {
  readonly ids: readonly number[];
  readonly fromMs: number;
  readonly toMs: number;
  /** Where the first of the series goes on. */
  readonly resumeMs: number;
}

export interface EnginePage {
  readonly parts: readonly EnginePart[];
  /** How many of the series are through; the next one goes on at `resumeMs`. */
  readonly done: number;
  readonly resumeMs: number;
}

export interface EnginePart {
  /** Place in `ids`. */
  readonly index: number;
  readonly timeMs: Float64Array;
  readonly value: Float64Array;
  readonly status: Uint8Array;
  readonly texts: ReadonlyMap<number, string> | undefined;
}

const BLOCK_ROWS = 4096;

/**
 * Rows live in three places, and a later one hides an earlier one at the same time: blocks in the file, a head that
 * is being sealed into blocks, and the head that takes what comes in. The heads are also in the file's log, until
 * every series of a head has been sealed; so a crash at any point finds each row in the log or in a block, or both.
 * Long work comes in steps, so that the worker can do other things in between.
 */
export class Engine {
  readonly #limits: HeadLimits;
  readonly #database: Database;
  #active = new Head();
  #sealing: Head | undefined;
  #seq = 0;
  readonly #measurements = new Map<number, string>();
  /** Series whose roll-ups have histograms. */
  readonly #percentiles = new Set<number>();
  #keptFrom: ReadonlyMap<string, number> = new Map();

  constructor(file: string, limits: HeadLimits) {
    this.#limits = limits;
    this.#database = new Database(file);
    try {
      for (const one of this.#database.allSeries()) this.#noteSeries(one);
      this.#keptFrom = this.#database.rollUps.keptFrom();
      for (const { seq, rows } of this.#database.log()) {
        this.#active.add(seq, rows);
        this.#seq = seq;
      }
    } catch (error) {
      this.#database.close();
      throw error;
    }
  }

  series(): NumberedSeries[] {
    return this.#database.allSeries();
  }

  /** The newest reading of every series, and the first damaged block where there are any: its series are left out. */
  last(): { rows: LastRows; damage: SluiceError | undefined } {
    let damage: SluiceError | undefined;
    const batch = new ReadingBatch(new SeriesTable());
    for (const { id } of this.series()) {
      const block = readable(
        () => this.#database.newestBlock(id),
        (error) => {
          damage ??= error;
        },
      );
      const points = mergePoints([...(block ? [block] : []), ...this.#heads(id)]);
      const row = points.length - 1;
      if (row >= 0) batch.push(id, points.timeMs[row]!, points.valueAt(row), points.status[row]!);
    }
    const { length, seriesId, timeMs, value, status, texts } = batch;
    return { rows: { length, seriesId, timeMs, value, status, texts }, damage };
  }

  /** One commit for all of `writes`. Throws with nothing stored. */
  write(writes: readonly EngineWrite[]): void {
    // Where writing outruns sealing the writer waits, so that memory stays bounded.
    while (this.#isFull()) this.sealSome();
    const firstSeq = this.#seq + 1;
    this.#database.transaction(() => {
      writes.forEach(({ series, rows }, index) => {
        for (const one of series) this.#addSeries(one);
        this.#database.appendLog(firstSeq + index, rows);
      });
    });
    for (const { rows } of writes) this.#active.add(++this.#seq, rows);
  }

  /** Whether `sealSome` has something to do. */
  get needsSealing(): boolean {
    return this.#sealing !== undefined || this.#isFull();
  }

  /** Takes one step of turning a full head into blocks. Throws where the file cannot be written, with nothing lost. */
  sealSome(): void {
    if (!this.#sealing) {
      this.#sealing = this.#active;
      this.#active = new Head();
    }
    const head = this.#sealing;
    const ids = head.firstSeries(this.#limits.seriesPerCommit);
    if (ids.length === 0) {
      this.#database.transaction(() => this.#database.deleteLog(head.lastSeq));
      this.#sealing = undefined;
      return;
    }
    this.#database.transaction(() => {
      for (const id of ids) this.#sealSeries(id, mergePoints([head.points(id)!]));
    });
    for (const id of ids) head.drop(id);
  }

  /** Yields after every series. Throws `QUERY_TOO_LARGE`. */
  *query(query: EngineQuery): Generator<void, EngineAnswer[]> {
    const answers: EngineAnswer[] = [];
    let room = query.maxPoints;
    for (const group of query.groups) {
      const answer = yield* query.window ? this.#fold(query, group, room) : this.#collect(query, group, room);
      room -= answer.timeMs.length;
      answers.push(answer);
    }
    return answers;
  }

  /**
   * Readings of `ids` one after the other, until they are a batch or more of `SCAN_ROWS` together; yields after every
   * series. Nothing of it stays here, so whoever asks no further page leaves nothing behind.
   */
  *scan({ ids, fromMs, toMs, resumeMs }: EngineScan): Generator<void, EnginePage> {
    const parts: EnginePart[] = [];
    let rows = 0;
    for (const [index, id] of ids.entries()) {
      for (const piece of this.#pieces(id, index === 0 ? resumeMs : fromMs, toMs)) {
        for (let from = piece.from; from < piece.to; from += SCAN_ROWS) {
          const part = partOf(index, piece.points, from, Math.min(piece.to, from + SCAN_ROWS));
          parts.push(part);
          rows += part.timeMs.length;
          if (rows >= SCAN_ROWS) return { parts, done: index, resumeMs: part.timeMs.at(-1)! + 1 };
        }
      }
      yield;
    }
    return { parts, done: ids.length, resumeMs: fromMs };
  }

  /** From when on each measurement has its readings, where some were deleted. */
  keptFrom(): ReadonlyMap<string, number> {
    return this.#keptFrom;
  }

  /** See `Upkeep`. Yields after every commit. */
  rollUp(endMs: number, budgetMs: number): Generator<void, RolledUp> {
    return rollUp(this.#database, endMs, budgetMs, (id) => this.#percentiles.has(id));
  }

  /** See `Upkeep`. Whoever asks takes no more readings of that time. */
  *expire(order: ExpireOrder, budgetMs: number): Generator<void, Expired> {
    const { measurement, rawMs } = order;
    const untilMs = performance.now() + budgetMs;
    const ids = this.series().flatMap((one) => (one.measurement === measurement ? [one.id] : []));
    if (rawMs !== undefined) {
      // What still waits in the log could otherwise be sealed into the time that is gone.
      if (ids.some((id) => this.#heads(id).some((points) => isAnyBefore(points, rawMs))))
        yield* this.#sealAll();
      yield* this.rollUp(rawMs, budgetMs);
      this.#database.transaction(() => this.#database.rollUps.setKeptFrom(measurement, rawMs));
      this.#keptFrom = this.#database.rollUps.keptFrom();
    }
    return yield* expire(this.#database, order, ids, untilMs);
  }

  close(): void {
    this.#database.close();
  }

  /** Everything that has come until now; what comes meanwhile waits for its own turn. */
  *#sealAll(): Generator<void> {
    for (const head of [this.#sealing, this.#active]) {
      while (head && (this.#sealing === head || this.#active === head) && head.records > 0) {
        this.sealSome();
        yield;
      }
    }
  }

  *#fold(query: EngineQuery, group: readonly number[], room: number): Generator<void, EngineAnswer> {
    const { everyMs, fn } = query.window!;
    const fold = new WindowFold(everyMs, fn);
    for (const id of group) {
      for (const _ of this.#foldSeries(fold, query, id)) assertRoom(query, fold.windows, room);
      yield;
    }
    return fold.result();
  }

  /** From roll-ups where these are there and up to date, otherwise from readings; yields now and then, within one turn. */
  *#foldSeries(fold: WindowFold, { fromMs, toMs, window }: EngineQuery, id: number): Generator<void> {
    const { everyMs, fn } = window!;
    const { rollUps } = this.#database;
    const isRaw = quantileOf(fn) !== undefined && !this.#percentiles.has(id);
    const planned: Segment[] = isRaw
      ? [{ fromMs, toMs, source: 'raw' }]
      : planSegments(fromMs, toMs, everyMs);
    const inHeads = hoursTouched(mergePoints(this.#heads(id)));
    const stale = new Set([...rollUps.staleHours(id, fromMs, toMs), ...inHeads]);
    const wantsTexts = fn === 'first' || fn === 'last';
    const keptFromMs = this.#keptFrom.get(this.#measurements.get(id) ?? '') ?? Number.NEGATIVE_INFINITY;
    for (const segment of withoutStale(
      planned,
      [...stale].sort((a, b) => a - b),
    )) {
      const { source } = segment;
      if (source === 'raw') {
        yield* this.#foldPieces(fold, id, segment.fromMs, segment.toMs);
        continue;
      }
      for (const summary of rollUps.summaries(id, source, segment.fromMs, segment.toMs)) {
        const { windowMs } = summary;
        if (!wantsTexts || summary.texts === 0 || windowMs < keptFromMs) fold.addSummary(summary);
        else yield* this.#foldPieces(fold, id, windowMs, windowMs + WINDOW_MS[source]);
      }
      yield;
    }
  }

  *#foldPieces(fold: WindowFold, id: number, fromMs: number, toMs: number): Generator<void> {
    for (const { points, from, to } of this.#pieces(id, fromMs, toMs)) {
      fold.add(points, from, to);
      yield;
    }
  }

  *#collect(query: EngineQuery, group: readonly number[], room: number): Generator<void, EngineAnswer> {
    const all = new Points();
    for (const id of group) {
      for (const { points, from, to } of this.#pieces(id, query.fromMs, query.toMs)) {
        assertRoom(query, all.length + to - from, room);
        all.append(points, from, to);
      }
      yield;
    }
    // Points of several series at one time all count, so this is a sort and not a merge.
    const rows = Array.from({ length: all.length }, (_, row) => row);
    if (!all.isOrdered) rows.sort((a, b) => all.timeMs[a]! - all.timeMs[b]! || a - b);
    return {
      timeMs: rows.map((row) => all.timeMs[row]!),
      value: rows.map((row) => all.valueAt(row)),
      status: rows.map((row) => all.status[row]!),
    };
  }

  /**
   * The points of a series within a range, in order, a block at a time: years of them need no more memory than a day.
   * To be gone through in one turn, because sealing changes the blocks.
   */
  *#pieces(
    seriesId: number,
    fromMs: number,
    toMs: number,
  ): Generator<{ points: Points; from: number; to: number }> {
    const head = mergePoints(this.#heads(seriesId));
    let row = lowerBound(head, fromMs);
    for (const block of this.#database.blocks(seriesId, fromMs, toMs)) {
      const next = lowerBound(head, Math.min(toMs, block.timeMs[block.length - 1]! + 1));
      const fresh = new Points(next - row);
      fresh.append(head, row, next);
      const points = mergePoints([block, fresh]);
      yield { points, from: lowerBound(points, fromMs), to: lowerBound(points, toMs) };
      row = next;
    }
    yield { points: head, from: row, to: lowerBound(head, toMs) };
  }

  #heads(seriesId: number): Points[] {
    const heads = [this.#sealing?.points(seriesId), this.#active.points(seriesId)];
    return heads.filter((points) => points !== undefined);
  }

  #isFull(): boolean {
    const { rows, records, textLength } = this.#limits;
    const head = this.#active;
    return head.rows >= rows || head.records >= records || head.textLength >= textLength;
  }

  #addSeries(series: NumberedSeries): void {
    this.#database.addSeries(series);
    this.#noteSeries(series);
  }

  #noteSeries({ id, measurement, field }: NumberedSeries): void {
    this.#measurements.set(id, measurement);
    if (findQuantity(measurement, field)?.hasPercentiles) this.#percentiles.add(id);
  }

  #sealSeries(id: number, points: Points): void {
    markStale(this.#database, id, points);
    const spans = this.#database.spans(id, points.timeMs[0]!, points.timeMs[points.length - 1]!);
    for (const { block, from, to } of placePoints(points, spans)) {
      const fresh = new Points(to - from);
      fresh.append(points, from, to);
      // A damaged block stays as it is, for whoever can mend it; the new rows get one of their own.
      const existing = block && readable(() => this.#database.block(block.id));
      const merged = mergePoints(existing ? [existing, fresh] : [fresh]);
      if (existing) this.#database.deleteBlock(block.id);
      for (let start = 0; start < merged.length; start += BLOCK_ROWS) {
        this.#database.addBlock(id, merged, start, Math.min(start + BLOCK_ROWS, merged.length));
      }
    }
  }
}

function isAnyBefore({ timeMs, length }: Points, beforeMs: number): boolean {
  for (let row = 0; row < length; row++) if (timeMs[row]! < beforeMs) return true;
  return false;
}

function partOf(
  index: number,
  { timeMs, value, status, texts }: Points,
  from: number,
  to: number,
): EnginePart {
  let own: Map<number, string> | undefined;
  for (let row = from; texts && row < to; row++) {
    const text = texts.get(row);
    if (text === undefined) continue;
    own ??= new Map();
    own.set(row - from, text);
  }
  return {
    index,
    timeMs: timeMs.slice(from, to),
    value: value.slice(from, to),
    status: status.slice(from, to),
    texts: own,
  };
}

/** What `read` reads, or undefined where it is damaged. */
function readable<T>(read: () => T, onDamage?: (error: SluiceError) => void): T | undefined {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof SluiceError && thrown.code === 'STORE_CORRUPT')) throw thrown;
    onDamage?.(thrown);
    return undefined;
  }
}

function assertRoom(query: EngineQuery, points: number, room: number): void {
  if (points > room) throw new SluiceError('QUERY_TOO_LARGE', { limit: query.maxPoints });
}
