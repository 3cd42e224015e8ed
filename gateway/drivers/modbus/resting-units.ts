/**
 * Units that owe an answer. A late answer looks exactly like the answer to the next request for as many registers,
 * so such a unit is not asked again until no answer can come any more; and the longer it is silent the less often
 * it costs its neighbours a timeout.
 */
export class RestingUnits {
  readonly #firstRestMs: number;
  readonly #units = new Map<number, { sinceMs: number; untilMs: number; restMs: number }>();

  constructor(timeoutMs: number) {
    this.#firstRestMs = Math.max(1_000, 2 * timeoutMs);
  }

  has(unit: number, nowMs: number): boolean {
    const rest = this.#units.get(unit);
    return rest !== undefined && nowMs < rest.untilMs;
  }

  silent(unit: number, nowMs: number): void {
    const last = this.#units.get(unit);
    const restMs = last ? Math.min(2 * last.restMs, LONGEST_REST_MS) : this.#firstRestMs;
    this.#units.set(unit, { sinceMs: nowMs, untilMs: nowMs + restMs, restMs });
  }

  /** Whether `unit` fell silent at `thenMs` or later, and has not answered since. */
  hasBeenSilentSince(unit: number, thenMs: number): boolean {
    const rest = this.#units.get(unit);
    return rest !== undefined && rest.sinceMs >= thenMs;
  }

  answered(unit: number): void {
    this.#units.delete(unit);
  }

  clear(): void {
    this.#units.clear();
  }
}

const LONGEST_REST_MS = 30_000;
