import { qualityOf } from '../../core/reading.ts';
import type { ReadingBatch, Series, SeriesTable } from '../../core/reading-batch.ts';
import type { Position } from '../../core/zones/position.ts';

/** Positions come from outside, so there is a most. */
const MOST_RECEIVERS = 50_000;
const FIELDS = ['longitude', 'latitude'] as const;

export interface Receiver {
  readonly site: string;
  readonly gateway: string;
  /** Empty for the receiver of the gateway itself. */
  readonly device: string;
  /** Undefined until both longitude and latitude are known. */
  readonly at: Position | undefined;
}

interface Axis {
  timeMs: number;
  value: number;
}

interface Known extends Omit<Receiver, 'at'> {
  readonly axes: [longitude: Axis, latitude: Axis];
}

/** Where each receiver is, from readings as they are stored: the newest of each axis, because one that has not moved is not sent again. */
export class Receivers {
  readonly #known = new Map<string, Known>();
  /** By series id: whose it is and which axis, or null for all other series. */
  #bySeries: ({ readonly known: Known; readonly axis: 0 | 1 } | null)[] = [];
  #table: SeriesTable | undefined;

  /** Those that have told something new. */
  take({ table, seriesId, timeMs, value, status, length }: ReadingBatch): Iterable<Receiver> {
    if (table !== this.#table) {
      this.#table = table;
      this.#bySeries = [];
    }
    const moved = new Set<Known>();
    for (let row = 0; row < length; row++) {
      const id = seriesId[row]!;
      let found = this.#bySeries[id];
      if (found === undefined) this.#bySeries[id] = found = this.#axisOf(table.get(id)) ?? null;
      if (!found || qualityOf(status[row]!) === 'bad') continue;
      if (this.#note(found.known.axes[found.axis], timeMs[row]!, value[row]!)) moved.add(found.known);
    }
    return Array.from(moved, shown);
  }

  /** One reading, such as the last that a store has. */
  takeOne(series: Omit<Series, 'id'>, timeMs: number, value: number): void {
    const found = this.#axisOf(series);
    if (found) this.#note(found.known.axes[found.axis], timeMs, value);
  }

  all(): Receiver[] {
    return Array.from(this.#known.values(), shown);
  }

  #note(axis: Axis, timeMs: number, value: number): boolean {
    if (timeMs <= axis.timeMs || !Number.isFinite(value)) return false;
    axis.timeMs = timeMs;
    axis.value = value;
    return true;
  }

  #axisOf({ measurement, field, site, gateway, device }: Omit<Series, 'id'>) {
    const axis = FIELDS.indexOf(field as (typeof FIELDS)[number]) as 0 | 1 | -1;
    if (measurement !== 'gnss' || axis === -1) return undefined;
    const key = `${site}/${gateway}/${device}`;
    let known = this.#known.get(key);
    if (!known) {
      if (this.#known.size >= MOST_RECEIVERS) return undefined;
      known = { site, gateway, device, axes: [nowhere(), nowhere()] };
      this.#known.set(key, known);
    }
    return { known, axis };
  }
}

function nowhere(): Axis {
  return { timeMs: Number.NEGATIVE_INFINITY, value: Number.NaN };
}

function shown({ site, gateway, device, axes }: Known): Receiver {
  const at = axes.map(({ value }) => value);
  return { site, gateway, device, at: at.some(Number.isNaN) ? undefined : at };
}
