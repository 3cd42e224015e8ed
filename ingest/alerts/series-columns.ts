import { type SeriesKey, seriesIdentity } from '../../core/reading.ts';
import type { SeriesTable } from '../../core/reading-batch.ts';

/**
 * What judging needs of every series, by its id: columns, because each reading that is stored looks at them. `calmLow` and `calmHigh` are NaN
 * where it is not worked out yet what judges the series.
 */
export class SeriesColumns {
  newestMs = new Float64Array(0);
  /** When it last said what is now, by this host's clock. */
  heardMs = new Float64Array(0);
  calmLow = new Float64Array(0);
  calmHigh = new Float64Array(0);
  #table: SeriesTable | undefined;
  #size = 0;
  #ids = new Map<string, number>();
  /** Ids of each `site/gateway`. */
  #gateways = new Map<string, number[]>();

  /** Ids mean what the table of the batches says: a pipeline has one for as long as it lives. */
  use(table: SeriesTable): void {
    if (table !== this.#table) this.#begin(table);
    if (table.size === this.#size) return;
    if (table.size > this.newestMs.length) this.#grow(Math.max(1_024, 2 * table.size));
    for (let id = this.#size; id < table.size; id++) {
      const key = table.get(id);
      this.#ids.set(seriesIdentity(key), id);
      const name = `${key.site}/${key.gateway}`;
      const ids = this.#gateways.get(name);
      if (ids) ids.push(id);
      else this.#gateways.set(name, [id]);
    }
    this.#size = table.size;
  }

  forgetBounds(): void {
    this.calmLow.fill(Number.NaN);
    this.calmHigh.fill(Number.NaN);
  }

  /** `undefined` where it has not spoken since this process started. */
  heardOf(key: SeriesKey): number | undefined {
    const id = this.#ids.get(seriesIdentity(key));
    return id === undefined || this.heardMs[id] === 0 ? undefined : this.heardMs[id];
  }

  /** What comes next of it has to be looked at: time alone has changed how it is judged. */
  forgetBoundsOf(key: SeriesKey): void {
    const id = this.#ids.get(seriesIdentity(key));
    if (id !== undefined) this.calmLow[id] = this.calmHigh[id] = Number.NaN;
  }

  /** Nobody spoke later than this. */
  heardBy(mostMs: number): void {
    for (let id = 0; id < this.#size; id++) this.heardMs[id] = Math.min(this.heardMs[id]!, mostMs);
  }

  gatewayHeard(site: string, gateway: string): { readonly heardMs: number; readonly devices: number } {
    let heardMs = 0;
    const devices = new Set<string>();
    for (const id of this.#gateways.get(`${site}/${gateway}`) ?? []) {
      const { device } = this.#table!.get(id);
      if (device !== '') devices.add(device);
      heardMs = Math.max(heardMs, this.heardMs[id]!);
    }
    return { heardMs, devices: devices.size };
  }

  #begin(table: SeriesTable): void {
    this.#table = table;
    this.#size = 0;
    this.#ids = new Map();
    this.#gateways = new Map();
    this.heardMs.fill(0);
    this.newestMs.fill(Number.NEGATIVE_INFINITY);
    this.forgetBounds();
  }

  #grow(size: number): void {
    this.newestMs = grown(this.newestMs, size, Number.NEGATIVE_INFINITY);
    this.heardMs = grown(this.heardMs, size, 0);
    this.calmLow = grown(this.calmLow, size, Number.NaN);
    this.calmHigh = grown(this.calmHigh, size, Number.NaN);
  }
}

function grown(from: Float64Array<ArrayBuffer>, size: number, rest: number): Float64Array<ArrayBuffer> {
  const to = new Float64Array(size).fill(rest);
  to.set(from);
  return to;
}
