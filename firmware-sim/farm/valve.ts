/** What happens to a valve: `opened` when it leaves its closed end, `closed` when it is back there. */
export type ValveEvent = 'told-open' | 'told-closed' | 'opened' | 'closed';

/** A motor valve: it travels at a constant speed towards where it was last sent. */
export class Valve {
  /** Where it goes and stays whatever it is told; `undefined` while nothing is wrong with it. */
  stuckAt: 'open' | 'closed' | 'here' | undefined;
  readonly #travelS: number;
  readonly #notice: (event: ValveEvent) => void;
  #isToldOpen = false;
  #openingRatio = 0;

  constructor(travelS: number, notice: (event: ValveEvent) => void = () => {}) {
    this.#travelS = travelS;
    this.#notice = notice;
  }

  send(open: boolean): void {
    if (open === this.#isToldOpen) return;
    this.#isToldOpen = open;
    this.#notice(open ? 'told-open' : 'told-closed');
  }

  step(durationS: number): void {
    if (this.stuckAt === 'here') return;
    const wasClosed = this.isClosed;
    const travel = durationS / this.#travelS;
    const opens = this.stuckAt === undefined ? this.#isToldOpen : this.stuckAt === 'open';
    this.#openingRatio = opens
      ? Math.min(1, this.#openingRatio + travel)
      : Math.max(0, this.#openingRatio - travel);
    if (wasClosed !== this.isClosed) this.#notice(this.isClosed ? 'closed' : 'opened');
  }

  get isToldOpen(): boolean {
    return this.#isToldOpen;
  }

  get isClosed(): boolean {
    return this.#openingRatio === 0;
  }

  /** 0 closed to 1 open, as the valve really stands. */
  get openingRatio(): number {
    return this.#openingRatio;
  }
}
