/**
 * Units that owe an answer. A late answer looks exactly like the answer to the next request for as many registers,
 * so such a unit is not read again until no answer can come any more; and the longer it is silent the less often
 * polls ask it, for each costs its neighbours a timeout.
 */
export class RestingUnits {
  readonly #firstRestMs: number;
  readonly #owedMs: number;
  readonly #units = new Map<number, Rest>();

  /** `isNumbered`: answers name their requests, so that nothing is owed. */
  constructor(timeoutMs: number, isNumbered: boolean) {
    this.#firstRestMs = Math.max(1_000, 2 * timeoutMs);
    this.#owedMs = isNumbered ? 0 : this.#firstRestMs;
  }

  /** Whether polls leave `unit` alone. */
  has(unit: number, nowMs: number): boolean {
    const rest = this.#units.get(unit);
    return rest !== undefined && nowMs < rest.untilMs;
  }

  /** Until when an answer of `unit` may be one that it owes; no later than the end of its rest. */
  owesUntilMs(unit: number): number {
    return this.#units.get(unit)?.owesUntilMs ?? 0;
  }

  /** A poll that is not answered doubles the rest; a command, which comes when it must, does not. */
  silent(unit: number, nowMs: number, wasPolled: boolean): void {
    const last = this.#units.get(unit);
    const owesUntilMs = nowMs + this.#owedMs;
    const restMs =
      last && wasPolled ? Math.min(2 * last.restMs, LONGEST_REST_MS) : (last?.restMs ?? this.#firstRestMs);
    const untilMs = wasPolled ? nowMs + restMs : Math.max(owesUntilMs, last?.untilMs ?? 0);
    this.#units.set(unit, { sinceMs: nowMs, owesUntilMs, untilMs, restMs });
  }

  /** Whether `unit` fell silent at `thenMs` or later, and has not answered since. */
  hasBeenSilentSince(unit: number, thenMs: number): boolean {
    const rest = this.#units.get(unit);
    return rest !== undefined && rest.sinceMs >= thenMs;
  }

  /** Its back-off is over; what it owes, it may owe still. */
  answered(unit: number, nowMs: number): void {
    const rest = this.#units.get(unit);
    if (!rest) return;
    if (nowMs >= rest.owesUntilMs) this.#units.delete(unit);
    else this.#units.set(unit, { ...rest, untilMs: rest.owesUntilMs, restMs: this.#firstRestMs });
  }

  /** Whatever kept the units silent may be over: all may be polled as soon as they owe nothing. */
  wake(): void {
    for (const [unit, rest] of this.#units) {
      this.#units.set(unit, { ...rest, untilMs: rest.owesUntilMs, restMs: this.#firstRestMs });
    }
  }

  clear(): void {
    this.#units.clear();
  }
}

interface Rest {
  readonly sinceMs: number;
  readonly owesUntilMs: number;
  readonly untilMs: number;
  readonly restMs: number;
}

const LONGEST_REST_MS = 30_000;
