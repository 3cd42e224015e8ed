import type { Words } from '../../core/errors.ts';
import type { Outcome } from '../driver.ts';
import { type ActuatorState, isOpenNow, mayBeOpen } from './actuator-state.ts';
import type { ControlledLine, ControlledPoint } from './controlled-points.ts';
import {
  acknowledge,
  blocks,
  isBlind,
  judgeLine,
  type LineEffect,
  type LineState,
  type LineView,
  type Measured,
  NEEDS_ACKNOWLEDGEMENT,
  newLine,
  type Raised,
} from './judge.ts';
import { lineWords, NO_OPEN_VALVE, NO_READING_YET } from './words.ts';

/** A reading that its device had kept for longer says nothing about now. */
export const FRESH_MS = 60_000;

type StateOf = (point: ControlledPoint) => ActuatorState;

/** What is known of one water line, and what the judge makes of it. */
export class LineWatch {
  readonly line: ControlledLine;
  readonly #stateOf: StateOf;
  #state: LineState = newLine(0);
  /** It is open together with a line that excludes it, and that has been told. */
  isClashing = false;
  readonly #meters: { flow: Measured | 'never'; pressure: Measured | 'never' } = {
    flow: 'never',
    pressure: 'never',
  };

  constructor(line: ControlledLine, stateOf: StateOf) {
    this.line = line;
    this.#stateOf = stateOf;
  }

  /** `raised` are the interlocks that waited for a person when the gateway was last stopped. */
  begin(nowMs: number, raised: readonly Raised[]): void {
    this.#state = newLine(nowMs, raised);
  }

  has(point: ControlledPoint): boolean {
    return this.line.pump?.point === point || this.line.valves.some((valve) => valve.point === point);
  }

  excludes({ line }: LineWatch): boolean {
    return line !== this.line && line.exclusive !== undefined && line.exclusive === this.line.exclusive;
  }

  observe({ samples }: Outcome, nowMs: number): void {
    for (const { metric, value, quality } of samples) {
      if (typeof value !== 'number' || quality !== 'good') continue;
      if (metric === this.line.flow) this.#meters.flow = { value, atMs: nowMs };
      if (metric === this.line.pressure) this.#meters.pressure = { value, atMs: nowMs };
    }
  }

  judge(nowMs: number): readonly LineEffect[] {
    const { state, effects } = judgeLine(this.line.rules, this.#state, this.#view(nowMs), nowMs);
    this.#state = state;
    return effects;
  }

  acknowledge(): readonly LineEffect[] {
    const { state, effects } = acknowledge(this.#state);
    this.#state = state;
    return effects;
  }

  get raised(): readonly Raised[] {
    return Object.values(this.#state.raised);
  }

  get waitingForAPerson(): readonly Raised[] {
    return this.raised.filter(({ rule }) => NEEDS_ACKNOWLEDGEMENT.includes(rule));
  }

  get isLocked(): boolean {
    return blocks(this.line.rules, this.#state).length > 0;
  }

  /** Water was seen where none should be, or none where it should: a controller's own programme is kept shut as well. */
  get isShut(): boolean {
    return blocks(this.line.rules, this.#state).some(({ rule }) => rule !== 'meter-silent');
  }

  /** Known to be open, by us or by somebody else. */
  get isOpen(): boolean {
    return this.line.valves.some(({ point }) => isKnownOpen(this.#stateOf(point)));
  }

  /** Whether a valve beside `point` stands open and is not being closed. */
  isAnotherOpen(point: ControlledPoint): boolean {
    return this.line.valves.some((valve) => {
      const { phase, strangeSinceMs } = this.#stateOf(valve.point);
      const isOpen =
        phase === 'open' || phase === 'opening' || (phase === 'closed' && strangeSinceMs !== undefined);
      return valve.point !== point && isOpen;
    });
  }

  /** Why `point` of this line may not be opened now. */
  refusal(point: ControlledPoint, nowMs: number): Words | undefined {
    const { rules, id, pump } = this.line;
    const block = blocks(rules, this.#state)[0];
    if (block) return lineWords(id, block);
    if (rules.refusesWhenBlind && isBlind(rules, this.#view(nowMs), nowMs)) return NO_READING_YET;
    if (pump?.point === point && !this.#isAnyConfirmedOpen()) return NO_OPEN_VALVE;
    return undefined;
  }

  /** When the pump must stop, so that it has run down before the last valve closes; `undefined` while it is off. */
  pumpDueMs(): number | undefined {
    const { pump, valves } = this.line;
    if (!pump) return undefined;
    const { phase } = this.#stateOf(pump.point);
    if (phase !== 'open' && phase !== 'opening') return undefined;
    const ends = valves.map(({ point }) => {
      const { lease, strangeSinceMs } = this.#stateOf(point);
      if (strangeSinceMs !== undefined) return Number.POSITIVE_INFINITY;
      return lease?.endsAtMs ?? Number.NEGATIVE_INFINITY;
    });
    return Math.max(...ends) - pump.runDownMs;
  }

  #isAnyConfirmedOpen(): boolean {
    return this.line.valves.some(({ point }) => isOpenNow(this.#stateOf(point)));
  }

  #view(nowMs: number): LineView {
    const { valves, pump, flow, pressure } = this.line;
    const isSettled = (point: ControlledPoint) =>
      nowMs - this.#stateOf(point).toldAtMs >= point.rules.settleMs;
    const pumpState = pump && this.#stateOf(pump.point);
    return {
      valves: valves.map(({ point, low, high }) => {
        const state = this.#stateOf(point);
        return {
          key: point.key,
          zone: point.metric.zone,
          mayBeOpen: mayBeOpen(state),
          isOpen: isOpenNow(state),
          isSettled: isSettled(point),
          ...(low === undefined ? {} : { low }),
          ...(high === undefined ? {} : { high }),
        };
      }),
      ...(pump && pumpState
        ? {
            pump: {
              key: pump.point.key,
              isOn: isOpenNow(pumpState),
              isSettled: isSettled(pump.point),
            },
          }
        : {}),
      flow: flow && this.#meters.flow,
      pressure: pressure && this.#meters.pressure,
    };
  }
}

/** Water runs for all that is known: it was opened, or is seen open, and has not confirmed that it is closed. */
export function isKnownOpen({ phase, openSinceMs, strangeSinceMs }: ActuatorState): boolean {
  return phase === 'open' || phase === 'opening' || openSinceMs !== undefined || strangeSinceMs !== undefined;
}
