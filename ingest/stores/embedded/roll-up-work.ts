import { SluiceError } from '../../../core/errors.ts';
import { HOUR_MS, hoursOf, minutesOf } from '../../rollups/roll-up.ts';
import { mergeSummary, type WindowSummary } from '../../rollups/window-summary.ts';
import type { Expired, ExpireOrder, RolledUp } from '../upkeep.ts';
import type { Database } from './database.ts';
import { lowerBound, type Points } from './points.ts';
import { BUCKET_MS, type StaleHour } from './roll-up-tables.ts';

/** How long one commit may go on before writes and queries get their turn, and the most stale hours it looks at. */
const COMMIT_MS = 8;
const HOURS_PER_COMMIT = 1_024;
/** Deleting a block costs about as much as writing it. */
const BLOCKS_PER_COMMIT = 128;

/** Notes that the hours of these points are to be rolled up again; `points` are in order. */
export function markStale(database: Database, series: number, points: Points): void {
  for (const hourMs of hoursTouched(points)) database.rollUps.markStale(series, hourMs);
}

/** Starts of the hours in which there are points; these are in order. */
export function* hoursTouched(points: Points): Generator<number> {
  let row = 0;
  while (row < points.length) {
    const hourMs = Math.floor(points.timeMs[row]! / HOUR_MS) * HOUR_MS;
    yield hourMs;
    if (points.timeMs[points.length - 1]! < hourMs + HOUR_MS) return;
    row = lowerBound(points, hourMs + HOUR_MS);
  }
}

/** Yields after every commit. What a damaged block keeps from being rolled up stays stale. */
export function* rollUp(
  database: Database,
  endMs: number,
  budgetMs: number,
  hasPercentiles: (series: number) => boolean,
): Generator<void, RolledUp> {
  const { rollUps } = database;
  let after: StaleHour = { series: -1, hourMs: 0 };
  let hours = 0;
  for (const untilMs = performance.now() + budgetMs; performance.now() < untilMs; ) {
    const found = rollUps.nextStale(after, endMs, HOURS_PER_COMMIT);
    if (found.length === 0) break;
    database.transaction(() => {
      const commitMs = performance.now() + COMMIT_MS;
      for (const unit of daysOf(found)) {
        if (rollUpDay(database, unit, hasPercentiles(unit[0]!.series))) hours += unit.length;
        after = unit.at(-1)!;
        if (performance.now() > commitMs) break;
      }
    });
    yield;
  }
  return { hours, waiting: rollUps.countStale(endMs) };
}

/** Yields after every commit. The heads hold nothing that is older. */
export function* expire(
  database: Database,
  order: ExpireOrder,
  seriesIds: readonly number[],
  untilMs: number,
): Generator<void, Expired> {
  const { rollUps } = database;
  const deleted = { readings: 0, minutes: 0, hours: 0 };
  const { rawMs, minuteMs, hourMs } = order;
  for (const id of seriesIds) {
    if (rawMs !== undefined && rollUps.staleHours(id, Number.MIN_SAFE_INTEGER, rawMs).length === 0) {
      let rows: number;
      do {
        rows = 0;
        database.transaction(() => {
          rows = database.deleteBlocksBefore(id, rawMs, BLOCKS_PER_COMMIT);
        });
        deleted.readings += rows;
        yield;
      } while (rows > 0 && performance.now() < untilMs);
    }
    if (performance.now() >= untilMs) return { ...deleted, isUnfinished: true };
    database.transaction(() => {
      if (minuteMs !== undefined) deleted.minutes += rollUps.deleteBefore(id, 'minute', minuteMs);
      if (hourMs !== undefined) deleted.hours += rollUps.deleteBefore(id, 'hour', hourMs);
    });
    yield;
  }
  return { ...deleted, isUnfinished: false };
}

/** Stale hours of one series within one block of minutes each. */
function daysOf(found: readonly StaleHour[]): StaleHour[][] {
  const days: StaleHour[][] = [];
  let key = '';
  for (const one of found) {
    const nextKey = `${one.series} ${Math.floor(one.hourMs / BUCKET_MS.minute)}`;
    if (nextKey === key) days.at(-1)!.push(one);
    else days.push([one]);
    key = nextKey;
  }
  return days;
}

function rollUpDay(database: Database, unit: readonly StaleHour[], hasPercentiles: boolean): boolean {
  const { series } = unit[0]!;
  const hours = unit.map(({ hourMs }) => hourMs);
  try {
    const minutes = runsOf(hours).flatMap(([fromMs, toMs]) =>
      minutesWithin(database, series, fromMs, toMs, hasPercentiles),
    );
    database.rollUps.replace(series, 'minute', minutes, hours);
    database.rollUps.replace(series, 'hour', hoursOf(minutes), hours);
  } catch (thrown) {
    if (thrown instanceof SluiceError && thrown.code === 'STORE_CORRUPT') return false;
    throw thrown;
  }
  for (const hourMs of hours) database.rollUps.markFresh(series, hourMs);
  return true;
}

/** Hours that follow each other, as one range. */
function runsOf(hours: readonly number[]): [number, number][] {
  const runs: [number, number][] = [];
  for (const hourMs of hours) {
    const run = runs.at(-1);
    if (run?.[1] === hourMs) run[1] += HOUR_MS;
    else runs.push([hourMs, hourMs + HOUR_MS]);
  }
  return runs;
}

function minutesWithin(
  database: Database,
  series: number,
  fromMs: number,
  toMs: number,
  hasPercentiles: boolean,
): WindowSummary[] {
  const minutes: WindowSummary[] = [];
  for (const points of database.blocks(series, fromMs, toMs)) {
    const found = minutesOf(points, lowerBound(points, fromMs), lowerBound(points, toMs), hasPercentiles);
    const last = minutes.at(-1);
    // A minute that two blocks share.
    if (last && found[0]?.windowMs === last.windowMs) mergeSummary(last, found.shift()!);
    minutes.push(...found);
  }
  return minutes;
}
