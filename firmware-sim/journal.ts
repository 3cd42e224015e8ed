import type { FarmEvent } from './farm/farm.ts';

/** What happened to valves, pumps and lines, and what was broken or mended from outside. */
export type JournalEvent =
  | FarmEvent
  | { readonly bus: string; readonly event: 'plugged' | 'unplugged' }
  | { readonly fault: string; readonly event: 'set' | 'mended' }
  | { readonly link: string; readonly event: 'changed' };

export interface Moment {
  /** Of the simulator's clock that never steps. */
  readonly monotonicMs: number;
  readonly utcMs: number;
}

/** `number` is 1, 2, 3 … without gaps. */
export type JournalEntry = JournalEvent & Moment & { readonly number: number };

/** An hour of a valve that moves every second; the oldest entries go first. */
const MOST_ENTRIES = 20_000;

/** Every movement of every valve, in order. */
export class Journal {
  readonly #moment: () => Moment;
  #entries: JournalEntry[] = [];
  #last = 0;

  constructor(moment: () => Moment) {
    this.#moment = moment;
  }

  add(event: JournalEvent): void {
    const moment = this.#moment();
    const before = this.#entries.at(-1);
    // A tick is lived through a little late: what it brings stays behind what was done from outside meanwhile.
    const { monotonicMs, utcMs } = before && before.monotonicMs > moment.monotonicMs ? before : moment;
    this.#entries.push({ number: ++this.#last, monotonicMs, utcMs, ...event });
    // Cut by a tenth at a time, so that a full journal does not move all of its entries for each new one.
    if (this.#entries.length > MOST_ENTRIES) this.#entries = this.#entries.slice(MOST_ENTRIES / 10);
  }

  /** The entries above `number`, oldest first; a first one that does not follow it tells that some are gone. */
  after(number = 0): readonly JournalEntry[] {
    return this.#entries.filter((entry) => entry.number > number);
  }
}
