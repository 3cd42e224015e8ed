import { StateDatabase } from '../state-database.ts';
import { HOUR_MS } from './roll-up.ts';

const SCHEMA = `
  CREATE TABLE IF NOT EXISTS stale (measurement TEXT, hour_ms INTEGER, PRIMARY KEY (measurement, hour_ms)) WITHOUT ROWID;
  CREATE TABLE IF NOT EXISTS known (measurement TEXT PRIMARY KEY, kept_from_ms INTEGER);
`;

/** Hours of a measurement that follow each other, with the state of the notes in which they were found. */
export interface StaleRun {
  readonly measurement: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly versions: readonly number[];
}

/**
 * For a database that does not tell what was written: which hours of which measurement have changed since they were
 * rolled up. Noted on disk before the readings are written, once for each hour, so that an hour in doubt is always rolled
 * up again; in memory every write is noted, before and after it.
 */
export class StaleBook {
  readonly #database: StateDatabase;
  /** By measurement and hour, a number that changes with every write. */
  readonly #stale = new Map<string, Map<number, number>>();
  readonly #keptFrom = new Map<string, number | null>();
  #version = 0;

  /** Throws `LEDGER_UNAVAILABLE`. */
  constructor(folder: string) {
    this.#database = new StateDatabase(folder, 'roll-ups.db', SCHEMA);
    this.#database.run((db) => {
      for (const { measurement, hour_ms } of db.prepare('SELECT * FROM stale').all()) {
        this.#hours(measurement as string).set(hour_ms as number, 0);
      }
      for (const { measurement, kept_from_ms } of db.prepare('SELECT * FROM known').all()) {
        this.#keptFrom.set(measurement as string, kept_from_ms as number | null);
      }
    });
  }

  close(): void {
    this.#database.close();
  }

  /** Whether everything of this measurement is rolled up or noted. */
  knows(measurement: string): boolean {
    return this.#keptFrom.has(measurement);
  }

  /** Takes up a measurement of which the database has readings within these hours already. */
  learn(measurement: string, fromMs: number, toMs: number): void {
    this.#database.commit((db) => {
      const insert = db.prepare('INSERT OR IGNORE INTO stale VALUES (?, ?)');
      for (let hourMs = startOfHour(fromMs); hourMs < toMs; hourMs += HOUR_MS)
        insert.run(measurement, hourMs);
      db.prepare('INSERT OR IGNORE INTO known VALUES (?, NULL)').run(measurement);
    });
    for (let hourMs = startOfHour(fromMs); hourMs < toMs; hourMs += HOUR_MS) {
      this.#hours(measurement).set(hourMs, this.#version);
    }
    this.#keptFrom.set(measurement, null);
  }

  /** On disk when it returns. Throws `LEDGER_UNAVAILABLE` with nothing noted. */
  note(touched: ReadonlyMap<string, ReadonlySet<number>>): void {
    const fresh = [...touched].flatMap(([measurement, hours]) =>
      [...hours]
        .filter((hourMs) => !this.#stale.get(measurement)?.has(hourMs))
        .map((hourMs) => [measurement, hourMs] as const),
    );
    const unknown = [...touched.keys()].filter((measurement) => !this.knows(measurement));
    if (fresh.length + unknown.length > 0) {
      this.#database.commit((db) => {
        const insert = db.prepare('INSERT OR IGNORE INTO stale VALUES (?, ?)');
        for (const [measurement, hourMs] of fresh) insert.run(measurement, hourMs);
        const know = db.prepare('INSERT OR IGNORE INTO known VALUES (?, NULL)');
        for (const measurement of unknown) know.run(measurement);
      });
      for (const measurement of unknown) this.#keptFrom.set(measurement, null);
    }
    this.#version++;
    for (const [measurement, hours] of touched) {
      for (const hourMs of hours) this.#hours(measurement).set(hourMs, this.#version);
    }
  }

  /** Starts of the stale hours that reach into the range, in order. */
  staleHours(measurement: string, fromMs: number, toMs: number): number[] {
    const hours = [...(this.#stale.get(measurement)?.keys() ?? [])];
    return hours.filter((hourMs) => hourMs + HOUR_MS > fromMs && hourMs < toMs).sort((a, b) => a - b);
  }

  /** The oldest hours that end by `endMs`, up to `most` of one measurement; those in `except` by measurement are left out. */
  next(endMs: number, most: number, except: ReadonlySet<string>): StaleRun | undefined {
    for (const [measurement, versions] of this.#stale) {
      if (except.has(measurement)) continue;
      const hours = [...versions.keys()].filter((hourMs) => hourMs + HOUR_MS <= endMs).sort((a, b) => a - b);
      const [fromMs] = hours;
      if (fromMs === undefined) continue;
      let count = 1;
      while (count < most && hours[count] === fromMs + count * HOUR_MS) count++;
      return {
        measurement,
        fromMs,
        toMs: fromMs + count * HOUR_MS,
        versions: hours.slice(0, count).map((hourMs) => versions.get(hourMs)!),
      };
    }
    return undefined;
  }

  countStale(endMs: number): number {
    let count = 0;
    for (const hours of this.#stale.values()) {
      for (const hourMs of hours.keys()) if (hourMs + HOUR_MS <= endMs) count++;
    }
    return count;
  }

  /** Strikes out the hours of a run that nobody has written to since; returns how many. */
  settle({ measurement, fromMs, versions }: StaleRun): number {
    const hours = this.#hours(measurement);
    const settled = versions.flatMap((version, index) => {
      const hourMs = fromMs + index * HOUR_MS;
      return hours.get(hourMs) === version ? [hourMs] : [];
    });
    this.#database.commit((db) => {
      const strike = db.prepare('DELETE FROM stale WHERE measurement = ? AND hour_ms = ?');
      for (const hourMs of settled) strike.run(measurement, hourMs);
    });
    for (const hourMs of settled) hours.delete(hourMs);
    return settled.length;
  }

  /** Before when the readings of each measurement are deleted. */
  *keptFrom(): Generator<[measurement: string, timeMs: number]> {
    for (const [measurement, timeMs] of this.#keptFrom) if (timeMs !== null) yield [measurement, timeMs];
  }

  keptFromOf(measurement: string): number {
    return this.#keptFrom.get(measurement) ?? Number.NEGATIVE_INFINITY;
  }

  setKeptFrom(measurement: string, timeMs: number): void {
    if (timeMs <= this.keptFromOf(measurement)) return;
    this.#database.run((db) =>
      db
        .prepare(
          'INSERT INTO known VALUES (?, ?) ON CONFLICT (measurement) DO UPDATE SET kept_from_ms = excluded.kept_from_ms',
        )
        .run(measurement, timeMs),
    );
    this.#keptFrom.set(measurement, timeMs);
  }

  #hours(measurement: string): Map<number, number> {
    let hours = this.#stale.get(measurement);
    if (!hours) {
      hours = new Map();
      this.#stale.set(measurement, hours);
    }
    return hours;
  }
}

export function startOfHour(timeMs: number): number {
  return Math.floor(timeMs / HOUR_MS) * HOUR_MS;
}
