import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { Cancel, Clock } from '../../../core/clock.ts';
import { asSluiceError } from '../../../core/errors.ts';
import type { Service } from '../../../core/lifecycle.ts';
import type { Log } from '../../../core/log.ts';
import { seriesKey } from '../../../core/reading.ts';
import { HOUR_MS } from '../../rollups/roll-up.ts';
import { putAside } from '../../state-database.ts';
import type { Store } from '../../stores/store.ts';
import { HourFile, type KeptHour } from '../hours/hour-file.ts';
import type { EvidenceQuery, Piece, SeriesEvidence } from './evidence.ts';
import { EVIDENCE, evidenceSeriesOf, keyOf } from './evidence-series.ts';
import {
  goOnWithHours,
  type HourToRead,
  isOutside,
  isWhole,
  type MadeHour,
  readHours,
  takeFaults,
  takeWhole,
  type WantedSeries,
} from './read-hours.ts';
import { evidenceFilter, LONGEST_RECORD_MS } from './read-records.ts';

const DAY_MS = 24 * HOUR_MS;
/** A month of 1 300 links. */
const MOST_HOURS = 1_000_000;

/** Hours are made as they close, so that whoever asks for a verdict does not wait for it: this long after, when most has come. */
const FILL_AFTER_MS = 10 * 60_000;
/** What was closed while this process was away, as far back. */
const FILL_AT_START_MS = DAY_MS;
const FILL_LATER_MS = 2 * HOUR_MS;
/** Series of so many links are read at once: others have their turn in between, and memory is bounded. */
const LINKS_AT_ONCE = 50;

interface Parts {
  readonly store: Pick<Store, 'query' | 'scan'>;
  readonly folder: string;
  readonly clock: Clock;
  readonly log: Log;
}

/**
 * Evidence over a time, from hours that are kept merged where these hold, and from the readings where not. An hour is kept with
 * the number of readings that it was made of, and holds as long as the store counts as many there: records are written once
 * and never changed, so nothing but a further one makes it wrong. So there is no mark that a crash, another worker of a cluster or
 * another program could have failed to set, and a file that is lost or damaged costs time and no evidence.
 */
export class EvidenceBook implements Service {
  readonly name = 'evidence';
  readonly #parts: Parts;
  #file: HourFile | undefined;
  #failure: string | undefined;
  #cancel: Cancel = () => {};
  #filling: Promise<void> = Promise.resolve();
  #isStopped = true;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    const { folder, clock, log } = this.#parts;
    try {
      this.#file = new HourFile(folder);
    } catch (thrown) {
      const error = asSluiceError(thrown);
      if (error.code !== 'STATE_DAMAGED') throw error;
      const aside = putAside(join(folder, 'evidence-hours.db'), clock.nowMs());
      log.warn({ aside }, `${error.message} It is made anew from the store.`);
      this.#file = new HourFile(folder);
    }
    this.#isStopped = false;
    this.#fillAgain(60_000, FILL_AT_START_MS);
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#cancel();
    await this.#filling;
    this.#file?.close();
    this.#file = undefined;
  }

  #fillAgain(delayMs: number, backMs: number): void {
    if (this.#isStopped) return;
    const { clock, log } = this.#parts;
    this.#cancel = clock.after(delayMs, () => {
      const nowMs = clock.nowMs();
      const toMs = Math.floor(nowMs / HOUR_MS) * HOUR_MS;
      const nextMs = toMs + HOUR_MS + FILL_AFTER_MS - nowMs;
      this.#filling = this.#fill(toMs - backMs, toMs).then(
        () => this.#fillAgain(nextMs, FILL_LATER_MS),
        (thrown) => {
          // Nothing is lost by it: who asks for such an hour waits for it.
          const { code, message } = asSluiceError(thrown);
          log.debug({ code }, `hours of evidence are not made ahead: ${message}`);
          this.#fillAgain(nextMs, FILL_AT_START_MS);
        },
      );
    });
  }

  async #fill(fromMs: number, toMs: number): Promise<void> {
    const links = [...(await this.links({ fromMs, toMs }))];
    for (let from = 0; from < links.length && !this.#isStopped; from += LINKS_AT_ONCE)
      await this.read({ links: links.slice(from, from + LINKS_AT_ONCE), fromMs, toMs });
  }

  /** Those with evidence in that time or near it. Throws as `Store.query`. */
  async links({ fromMs, toMs }: Pick<EvidenceQuery, 'fromMs' | 'toMs'>): Promise<Set<string>> {
    const counted = await this.#parts.store.query({
      ...EVIDENCE,
      fromMs: Math.floor(fromMs / DAY_MS) * DAY_MS,
      toMs: Math.ceil((toMs + LONGEST_RECORD_MS + 1) / DAY_MS) * DAY_MS,
      window: { everyMs: DAY_MS, fn: 'count' },
      maxPoints: MOST_HOURS,
    });
    const found = counted.map(({ tags }) => evidenceSeriesOf(seriesKey({ ...EVIDENCE, unit: '', ...tags })));
    return new Set(found.flatMap((one) => (one ? [one.link] : [])));
  }

  /** In order of link, kind and agent. Throws as `Store.query` and `Store.scan`. */
  async read(query: EvidenceQuery): Promise<SeriesEvidence[]> {
    const wanted = await this.#wanted(query);
    const toGoOn: HourToRead[] = [];
    const toRead: HourToRead[] = [];
    const readFrom = query.readFrom?.(wanted);
    for (const one of wanted) {
      this.#takeKept(one, readFrom?.get(one.key) ?? Number.NEGATIVE_INFINITY, query, toGoOn, toRead);
      await setImmediate();
    }
    const { store } = this.#parts;
    const parts = { store, query, keep: (hours: readonly MadeHour[]) => this.#keep(hours) };
    toRead.push(...(await goOnWithHours(toGoOn, parts)));
    await readHours(toRead, parts);
    return bySeries(wanted);
  }

  /** How many readings of each series the store has in each hour that may hold records of the time. */
  async #wanted({ links, kinds, fromMs, toMs }: EvidenceQuery): Promise<WantedSeries[]> {
    const counted = await this.#parts.store.query({
      ...evidenceFilter(links, kinds),
      ...EVIDENCE,
      fromMs: Math.floor((fromMs - LONGEST_RECORD_MS) / HOUR_MS) * HOUR_MS,
      toMs: Math.ceil((toMs + LONGEST_RECORD_MS + 1) / HOUR_MS) * HOUR_MS,
      window: { everyMs: HOUR_MS, fn: 'count' },
      maxPoints: MOST_HOURS,
    });
    return counted.flatMap(({ tags, timeMs, value }) => {
      const all = seriesKey({ ...EVIDENCE, unit: '', ...tags });
      const series = evidenceSeriesOf(all);
      if (!series) return [];
      const rows = new Map(timeMs.map((hourMs, index) => [hourMs, Number(value[index])]));
      return [{ key: keyOf(all), series, rows, pieces: [], faults: [], gone: 0 }];
    });
  }

  #takeKept(
    wanted: WantedSeries,
    readFromMs: number,
    query: EvidenceQuery,
    toGoOn: HourToRead[],
    toRead: HourToRead[],
  ): void {
    const hours = [...wanted.rows].filter(([hourMs]) => hourMs >= readFromMs);
    if (hours.length === 0) return;
    const times = hours.map(([hourMs]) => hourMs);
    const kept = this.#kept(wanted.key, Math.min(...times), Math.max(...times) + 1);
    for (const [hourMs, rows] of hours) {
      const hour = kept.get(hourMs);
      const to: HourToRead = { wanted, hourMs, kept: hour };
      if (!hour || hour.rows > rows) toRead.push(to);
      else if (hour.rows < rows) (isWhole(wanted, hour, query) ? toGoOn : toRead).push(to);
      else if (isWhole(wanted, hour, query)) takeWhole(wanted, hour, query);
      else if (isOutside(hour, query)) takeFaults(wanted, hour, query);
      else toRead.push(to);
    }
  }

  /** What cannot be kept or read is made from the store as before there was a file; said once. */
  #kept(key: string, fromMs: number, toMs: number): Map<number, KeptHour> {
    return this.#tried(() => this.#file?.read(key, fromMs, toMs)) ?? new Map();
  }

  #keep(hours: readonly MadeHour[]): void {
    this.#tried(() => this.#file?.write(hours));
  }

  #tried<T>(work: () => T): T | undefined {
    try {
      const result = work();
      this.#failure = undefined;
      return result;
    } catch (thrown) {
      const { code, message } = asSluiceError(thrown);
      if (message !== this.#failure) this.#parts.log.warn({ code }, message);
      this.#failure = message;
      return undefined;
    }
  }
}

/** The series of the store as those of evidence: a device that moved to another zone is still the same link. */
function bySeries(wanted: readonly WantedSeries[]): SeriesEvidence[] {
  const found = Map.groupBy(wanted, ({ series }) => JSON.stringify(Object.values(series)));
  return [...found]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([, parts]) => ({
      series: parts[0]!.series,
      pieces: parts.flatMap(({ pieces }) => pieces).sort((a, b) => startOf(a) - startOf(b)),
      faults: parts.flatMap(({ faults }) => faults).sort((a, b) => a.timeMs - b.timeMs),
      gone: parts.reduce((sum, { gone }) => sum + gone, 0),
    }));
}

function startOf({ cell }: Piece): number {
  return cell.records.fromMs[0]!;
}
