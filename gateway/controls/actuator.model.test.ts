import fc from 'fast-check';
import { expect, test } from 'vitest';
import { SluiceError } from '../../core/errors.ts';
import { stepActuator } from './actuator.ts';
import {
  type ActuatorEffect,
  type ActuatorInput,
  type ActuatorState,
  NEW_ACTUATOR,
  nextDueMs,
} from './actuator-state.ts';

const TICK_MS = 100;
const POLL_MS = 1_000;
const LONGEST_WRITE_MS = 700;
/** An opening that hangs, in a queue or in a network, and acts after what was sent later. */
const LONGEST_HANG_MS = 20_000;
const RULES = { safeValue: 0, maxRunMs: 60_000, settleMs: 2_000, unleased: 'close' as const };
/** After the line is back: the next poll, the close it brings, and what was on the wire before it. */
const BOUND_MS = POLL_MS + 3 * LONGEST_WRITE_MS + TICK_MS;
/** What a hand has opened is seen by a poll, once the valve has had its time to travel. */
const HAND_BOUND_MS = BOUND_MS + RULES.settleMs;

interface OnTheWire {
  readonly write: number;
  readonly value: number;
  readonly arrivesAtMs: number;
  readonly answersAtMs: number;
  readonly isHanging: boolean;
  readonly isAnswerLost: boolean;
}

type Act =
  | { readonly kind: 'open'; readonly leaseMs: number }
  | { readonly kind: 'renew'; readonly leaseMs: number }
  | { readonly kind: 'close' | 'interlock' | 'cut' | 'mend' | 'stick' | 'restart' | 'hand' | 'device-timer' }
  | { readonly kind: 'wait'; readonly forMs: number };

/** A valve at the end of a line, the machine, and an account of what may be open until when. */
class Model {
  nowMs = 0;
  isCut = false;
  /** It stays as it is, whatever it is told. */
  isStuck = false;
  /** Without polls only the answers to writes say anything. */
  readonly hasPolls: boolean;
  isOpen = false;
  state: ActuatorState = NEW_ACTUATOR;
  reachableSinceMs = 0;
  /** Until when it may stand open; a hand on the valve does not ask. */
  allowedUntilMs = 0;
  handUntilMs = 0;
  wire: OnTheWire[] = [];
  commands = 0;
  readonly outcomes = new Map<string, string[]>();
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
    this.hasPolls = random() < 0.5;
    this.give({ kind: 'close', cause: 'start' });
  }

  give(input: ActuatorInput): void {
    const { state, effects } = stepActuator(RULES, this.state, input, this.nowMs);
    this.state = state;
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: ActuatorEffect): void {
    if (effect.kind === 'outcome') {
      this.outcomes.get(effect.command)?.push(effect.outcome);
      if (effect.leaseEndsAtMs !== undefined) this.allowedUntilMs = effect.leaseEndsAtMs;
    }
    if (effect.kind !== 'write') return;
    const { write, value } = effect;
    // One line: nothing overtakes what was sent before, but for what hangs.
    const underWay = this.wire.filter(({ isHanging }) => !isHanging);
    const freeAtMs = Math.max(this.nowMs, ...underWay.map((one) => one.answersAtMs));
    const isHanging = value === 1 && this.#random() < 0.2;
    const hangsMs = isHanging ? this.#random() * LONGEST_HANG_MS : 0;
    const arrivesAtMs = hangsMs + freeAtMs + this.#random() * 0.3 * LONGEST_WRITE_MS;
    const answersAtMs = arrivesAtMs + this.#random() * 0.3 * LONGEST_WRITE_MS;
    this.wire.push({
      write,
      value,
      arrivesAtMs,
      answersAtMs,
      isHanging,
      isAnswerLost: this.#random() < 0.15,
    });
  }

  act(act: Act): void {
    switch (act.kind) {
      case 'open': {
        const command = `c${++this.commands}`;
        this.outcomes.set(command, []);
        const openSinceMs = this.state.openSinceMs ?? this.state.strangeSinceMs ?? this.nowMs;
        const leaseMs = Math.min(act.leaseMs, RULES.maxRunMs - (this.nowMs - openSinceMs));
        const notAfterMs = this.nowMs + leaseMs;
        this.give({ kind: 'open', command, value: 1, leaseMs, notAfterMs });
        // A renewal allows nothing before it is applied.
        const { asked, lease } = this.state;
        if (asked?.command === command && !lease) this.allowedUntilMs = asked.endsAtMs;
        return;
      }
      case 'renew': {
        // At the last moment, or it would seldom be under way when the lease ends.
        const leftMs = (this.state.lease?.endsAtMs ?? this.nowMs) - this.nowMs - 2 * TICK_MS;
        this.act({ kind: 'wait', forMs: Math.max(0, leftMs) });
        this.act({ kind: 'open', leaseMs: act.leaseMs });
        return;
      }
      case 'close':
      case 'interlock':
        this.give({ kind: 'close', cause: act.kind === 'close' ? 'closed' : 'interlock' });
        this.allowedUntilMs = Math.min(this.allowedUntilMs, this.nowMs);
        return;
      case 'cut':
        this.isCut = true;
        return;
      case 'mend':
        if (this.isCut || this.isStuck) this.reachableSinceMs = this.nowMs;
        this.isCut = false;
        this.isStuck = false;
        return;
      case 'stick':
        this.isStuck = true;
        return;
      case 'restart':
        // What was on the wire may still arrive; its answer is read by nobody. What hung in a queue is gone with it.
        this.wire = this.wire
          .filter(({ isHanging, arrivesAtMs }) => !isHanging || arrivesAtMs <= this.nowMs)
          .map((one) => ({ ...one, write: -1 }));
        for (const ends of this.outcomes.values()) if (ends.length === 0) ends.push('failed');
        this.state = NEW_ACTUATOR;
        this.allowedUntilMs = Math.min(this.allowedUntilMs, this.nowMs);
        this.give({ kind: 'close', cause: 'start' });
        return;
      case 'hand':
        // Nobody looks.
        if (!this.hasPolls) return;
        this.isOpen = true;
        this.handUntilMs = this.nowMs + HAND_BOUND_MS;
        return;
      case 'device-timer':
        this.isOpen = false;
        return;
      case 'wait':
        for (let leftMs = act.forMs; leftMs > 0; leftMs -= TICK_MS) this.#tick();
    }
  }

  #tick(): void {
    this.nowMs += TICK_MS;
    for (const one of this.wire.filter(
      ({ arrivesAtMs }) => arrivesAtMs <= this.nowMs && arrivesAtMs > this.nowMs - TICK_MS,
    )) {
      if (this.isCut) continue;
      // What came after its close is closed once more, as soon as it has ended.
      if (one.isHanging) this.handUntilMs = Math.max(this.handUntilMs, one.answersAtMs);
      if (!this.isStuck) this.isOpen = one.value === 1;
    }
    const ended = this.wire.filter(({ answersAtMs }) => answersAtMs <= this.nowMs);
    this.wire = this.wire.filter((one) => !ended.includes(one));
    for (const { write, isAnswerLost } of ended) {
      if (write < 0) continue;
      if (this.isCut || isAnswerLost) {
        const error = new SluiceError('MODBUS_TIMEOUT', { unit: 1, bus: 'model', timeoutMs: 1 });
        this.give({ kind: 'failed', write, error });
      } else this.give({ kind: 'written', write, value: Number(this.isOpen) });
    }
    if (this.hasPolls && this.nowMs % POLL_MS === 0 && !this.isCut) {
      this.give({ kind: 'seen', value: Number(this.isOpen) });
      this.give({ kind: 'reached' });
    }
    const dueMs = nextDueMs(RULES, this.state);
    if (dueMs !== undefined && dueMs <= this.nowMs) this.give({ kind: 'time' });
    this.#check();
  }

  #check(): void {
    if (!this.isOpen || this.isCut || this.isStuck) return;
    // Answers that are lost cost one more round each; seven in a row do not happen in these runs.
    const slackMs = 7 * POLL_MS;
    const fromMs = Math.max(this.allowedUntilMs, this.reachableSinceMs, this.handUntilMs);
    if (this.nowMs <= fromMs + BOUND_MS + slackMs) return;
    throw new Error(`open at ${this.nowMs}, allowed until ${fromMs}: ${JSON.stringify(this.state)}`);
  }
}

/** Mulberry32: small, and good enough to scatter delays and losses. */
function randomOf(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const act: fc.Arbitrary<Act> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom('open' as const, 'renew' as const),
      leaseMs: fc.integer({ min: 100, max: 60_000 }),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({ kind: fc.constant('wait' as const), forMs: fc.integer({ min: 0, max: 20_000 }) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constantFrom(
        'close',
        'interlock',
        'cut',
        'stick',
        'mend',
        'mend',
        'restart',
        'hand',
        'device-timer',
      ),
    }),
  },
);

test('whatever happens, a valve that can be reached never stays open past its lease, and each command has one outcome', () => {
  let opened = 0;
  fc.assert(
    fc.property(fc.array(act, { minLength: 5, maxLength: 60 }), fc.integer(), (acts, seed) => {
      const model = new Model(randomOf(seed));
      for (const one of acts) model.act(one);
      model.act({ kind: 'mend' });
      model.act({ kind: 'wait', forMs: RULES.maxRunMs + 30_000 });
      expect(model.isOpen).toBe(false);
      expect(model.state.phase).toBe('closed');
      expect([...model.outcomes.values()].map((ends) => ends.length)).toEqual(
        [...model.outcomes].map(() => 1),
      );
      opened += [...model.outcomes.values()].filter(([end]) => end === 'applied').length;
    }),
    { numRuns: Number(process.env.SLUICE_RUNS ?? 300) },
  );
  // A model in which nothing opens proves nothing.
  expect(opened).toBeGreaterThan(100);
});
