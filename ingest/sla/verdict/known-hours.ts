import type { Clock } from '../../../core/clock.ts';
import type { CountedSeries } from '../evidence/evidence.ts';
import type { Range } from './judged-pieces.ts';
import type { MergedHours } from './merged-hours.ts';

/** Records of all that is kept: each takes 16 bytes, and so all of it about 100 MB. */
const MOST_RECORDS = 6_000_000;
/** What histograms and the rest of one link weigh, in records. */
const LINK_RECORDS = 500;
/** What nobody has asked for so long makes room for what is asked for now. */
const IDLE_MS = 10 * 60_000;

/** The hours of one link before its newest, merged; what they were made of, and what for. */
export interface KnownHours {
  readonly merged: MergedHours;
  /** Series of the store. */
  readonly key: string;
  readonly rows: ReadonlyMap<number, number>;
  readonly untilMs: number;
  /** Start of the last piece in it. */
  readonly lastStartMs: number;
  /** Latencies are counted against it. */
  readonly latencyMs: number;
}

/**
 * Keeps the hours of links merged in memory, so that whoever asks for the matrix again waits for its newest hour only. They hold by what
 * kept hours on the disk hold by: as many readings in each hour as the store counts (`EvidenceBook`). Where there is more than
 * fits, what is in use stays and the rest is made each time: to let go of one for the other would make all of it each time.
 */
export class KnownHoursOfLinks {
  readonly #clock: Pick<Clock, 'monotonicMs'>;
  readonly #mostRecords: number;
  /** Those used last stand last. */
  readonly #kept = new Map<string, { readonly hours: KnownHours; readonly weight: number; usedMs: number }>();
  #weight = 0;

  constructor(clock: Pick<Clock, 'monotonicMs'>, mostRecords = MOST_RECORDS) {
    this.#clock = clock;
    this.#mostRecords = mostRecords;
  }

  /** What is known and still holds of the only series of that link. */
  find(id: string, range: Range, latencyMs: number, counted: CountedSeries): KnownHours | undefined {
    const name = nameOf(id, range);
    const kept = this.#kept.get(name);
    if (!kept) return undefined;
    this.#kept.delete(name);
    this.#kept.set(name, kept);
    kept.usedMs = this.#clock.monotonicMs();
    const { hours } = kept;
    const isSame = hours.key === counted.key && hours.latencyMs === latencyMs;
    return isSame && hasSameRows(hours, counted) ? hours : undefined;
  }

  keep(id: string, range: Range, hours: KnownHours): void {
    const name = nameOf(id, range);
    this.#drop(name);
    const weight = LINK_RECORDS + hours.merged.digest.records + hours.merged.spans.length;
    const usedMs = this.#clock.monotonicMs();
    for (const [oldest, kept] of this.#kept) {
      if (this.#weight + weight <= this.#mostRecords || usedMs - kept.usedMs < IDLE_MS) break;
      this.#drop(oldest);
    }
    if (this.#weight + weight > this.#mostRecords) return;
    this.#kept.set(name, { hours, weight, usedMs });
    this.#weight += weight;
  }

  forget(id: string, range: Range): void {
    this.#drop(nameOf(id, range));
  }

  #drop(name: string): void {
    this.#weight -= this.#kept.get(name)?.weight ?? 0;
    this.#kept.delete(name);
  }
}

function nameOf(id: string, { fromMs, toMs }: Range): string {
  return `${id} ${fromMs} ${toMs}`;
}

function hasSameRows({ rows, untilMs }: KnownHours, counted: CountedSeries): boolean {
  let same = 0;
  for (const [hourMs, count] of counted.rows) {
    if (hourMs >= untilMs) continue;
    if (rows.get(hourMs) !== count) return false;
    same++;
  }
  return same === rows.size;
}
