import type { TimeObservation } from '../driver.ts';

/**
 * What time it is, as a pure state machine: (state, input) → {state, changes}. Who is believed, best first:
 *
 *     1. the system clock while something disciplines it (NTP), or the settings say that it is right
 *     2. GNSS, once three observations agree; the system clock itself is never set
 *     3. the system clock where nothing tells whether it is right, if it may be: see `mayBeRight`
 *     4. nobody: time goes on by the monotonic clock from the latest time known to be past, and is `unsynced`
 *
 * What 1 and 2 have once said holds for `HOLDOVER_MS` on the monotonic clock. Times are UTC in milliseconds since 1970
 * as Unix counts them, so a leap second is a second told twice.
 */
export interface ClockMachine {
  readonly follows: 'system' | 'monotonic';
  /** UTC at monotonic 0, where it follows the monotonic clock. */
  readonly baseMs: number;
  /** `assumed` is the system clock under 3; anything but `none` is synced. */
  readonly trust: 'disciplined' | 'observed' | 'assumed' | 'none';
  /** Who gave the time: `system`, or the source of an observation; empty while unsynced. */
  readonly source: string;
  /** When a source of 1 or 2 last stood up for it, monotonic. */
  readonly vouchedAtMs: number;
  /** The latest UTC that was ever synced, by this run or an earlier one; 0 for none. */
  readonly latestMs: number;
  /** System clock less monotonic clock when it was last looked at. */
  readonly systemBaseMs: number;
  /** Somebody has set the system clock while we ran: a clock that lost its battery cannot do that. */
  readonly hasBeenSet: boolean;
  /** The machine was started since the last good time, and its clock may have stood still until then. */
  readonly mayHaveStopped: boolean;
  /** Observations that agree with one another, and not yet enough of them. */
  readonly candidate: Candidate | undefined;
  /** The last observation: UTC at monotonic 0. */
  readonly observedBaseMs: number | undefined;
  /** Sources whose time cannot be, so that each is named once. */
  readonly refused: readonly string[];
}

interface Candidate {
  readonly source: string;
  readonly baseMs: number;
  readonly errorMs: number;
  readonly count: number;
}

/** What the operating system says of its clock; `rtc`: it says nothing, but a battery-backed clock agrees. */
export type SystemEvidence = 'disciplined' | 'undisciplined' | 'rtc' | 'unknown';

export type ClockInput =
  | {
      readonly kind: 'look';
      readonly systemMs: number;
      readonly monotonicMs: number;
      readonly evidence: SystemEvidence;
    }
  | { readonly kind: 'observation'; readonly observation: TimeObservation };

export type ClockChange =
  /** `byMs`: what the gateway's own time has moved by. */
  | { readonly kind: 'synced'; readonly source: string; readonly byMs: number }
  | { readonly kind: 'unsynced'; readonly byMs: number }
  /** Somebody has set the system clock. */
  | { readonly kind: 'system-stepped'; readonly byMs: number }
  /** A source gives a time that cannot be, as a receiver does that is 1024 weeks off. */
  | { readonly kind: 'refused'; readonly source: string; readonly utcMs: number };

export interface ClockStep {
  readonly state: ClockMachine;
  readonly changes: readonly ClockChange[];
}

/** What an earlier run knew. */
export interface KeptTime {
  /** UTC at `monotonicMs` of the boot `bootId`. */
  readonly utcMs: number;
  readonly monotonicMs: number;
  readonly bootId: string;
  readonly source: string;
  /** Absent where the system clock was only assumed to be right. */
  readonly vouchedAtMs?: number;
}

export interface ClockStart {
  readonly kept: KeptTime | undefined;
  readonly bootId: string;
  /** Whether `monotonicMs` counts from the start of the machine. */
  readonly isBootKnown: boolean;
  readonly systemMs: number;
  readonly monotonicMs: number;
}

/** This program was not there before. */
export const EARLIEST_MS = Date.UTC(2026, 0, 1);
const WEEK_MS = 7 * 86_400_000;
/**
 * GPS tells the week modulo 1024, so an old receiver is off by 1024 weeks. A time that far from what is known to be
 * past, or further, is such a mistake; nothing is switched off for 19 years.
 */
const LONGEST_AHEAD_MS = 1023 * WEEK_MS;
const LONGEST_BACK_MS = 1000 * WEEK_MS;
/** A crystal that is 50 ppm off is 4 s off after a day. */
export const HOLDOVER_MS = 86_400_000;
/** More than slewing or a late timer ever does between two looks. */
export const STEP_MS = 500;
const AGREEING = 3;
/** That many must agree before a synced time goes back by more than `SUSPICIOUS_MS`. */
const AGREEING_AGAINST_US = 60;
const SUSPICIOUS_MS = 3_600_000;
/** An hour between two writes of the kept time, and a boot, is more than there ever is. */
const LAST_WRITE_MS = 3_600_000;
/** A system clock that is so far from what GNSS said is not assumed to be right later. */
const CONTRADICTION_MS = 600_000;
/** Weight of one observation against those before: evens out what a serial line adds. */
const SMOOTHING = 1 / 8;

export function startClock({ kept, bootId, isBootKnown, systemMs, monotonicMs }: ClockStart): ClockMachine {
  const latestMs = kept?.utcMs ?? 0;
  const isSameBoot = kept !== undefined && isBootKnown && kept.bootId === bootId;
  const state: ClockMachine = {
    follows: 'monotonic',
    baseMs: 0,
    trust: 'none',
    source: '',
    vouchedAtMs: Number.NEGATIVE_INFINITY,
    latestMs,
    systemBaseMs: systemMs - monotonicMs,
    hasBeenSet: false,
    mayHaveStopped:
      isBootKnown && kept !== undefined && !isSameBoot && systemMs - latestMs < monotonicMs + LAST_WRITE_MS,
    candidate: undefined,
    observedBaseMs: undefined,
    refused: [],
  };
  if (isSameBoot && kept.vouchedAtMs !== undefined && monotonicMs - kept.vouchedAtMs <= HOLDOVER_MS) {
    // The process was started anew and the machine was not: its monotonic clock has gone on counting.
    const { source, vouchedAtMs } = kept;
    const baseMs = kept.utcMs - kept.monotonicMs;
    return { ...state, baseMs, trust: 'observed', source, vouchedAtMs, observedBaseMs: baseMs };
  }
  const pastMs = Math.max(latestMs, EARLIEST_MS);
  const guessMs = isPlausible(state, systemMs) ? Math.max(systemMs, pastMs) : pastMs;
  return { ...state, baseMs: guessMs - monotonicMs };
}

export function isSynced({ trust }: ClockMachine): boolean {
  return trust !== 'none';
}

export function timeOf(state: ClockMachine, systemMs: number, monotonicMs: number): number {
  return state.follows === 'system' ? systemMs : state.baseMs + monotonicMs;
}

export function stepClock(state: ClockMachine, input: ClockInput): ClockStep {
  return input.kind === 'look' ? look(state, input) : observe(state, input.observation);
}

function look(before: ClockMachine, input: Extract<ClockInput, { kind: 'look' }>): ClockStep {
  const { systemMs, monotonicMs, evidence } = input;
  const systemBaseMs = systemMs - monotonicMs;
  const steppedMs = systemBaseMs - before.systemBaseMs;
  const isStep = Math.abs(steppedMs) >= STEP_MS;
  const state: ClockMachine = { ...before, systemBaseMs, hasBeenSet: before.hasBeenSet || isStep };
  // What the gateway would have said without a step.
  const wasMs = timeOf(before, before.systemBaseMs + monotonicMs, monotonicMs);
  const held = { follows: 'monotonic', baseMs: wasMs - monotonicMs } as const;
  let next: ClockMachine;
  if (evidence === 'disciplined' && systemMs >= EARLIEST_MS) {
    next = { ...state, follows: 'system', trust: 'disciplined', source: 'system', vouchedAtMs: monotonicMs };
  } else if (isHeld(state, monotonicMs)) {
    // Whatever becomes of the system clock, its time is not followed any more.
    next = { ...state, ...held };
  } else if (mayBeRight(state, systemMs, evidence)) {
    next = { ...state, follows: 'system', trust: 'assumed', source: 'system' };
  } else {
    next = { ...state, ...held, trust: 'none', source: '' };
  }
  const nowMs = timeOf(next, systemMs, monotonicMs);
  const changes = syncChanges(before, next, nowMs - wasMs);
  if (isStep) changes.unshift({ kind: 'system-stepped', byMs: steppedMs });
  return { state: isSynced(next) ? { ...next, latestMs: nowMs } : next, changes };
}

/** Whether what NTP or GNSS once said still holds. */
function isHeld({ trust, vouchedAtMs }: ClockMachine, monotonicMs: number): boolean {
  return (trust === 'disciplined' || trust === 'observed') && monotonicMs - vouchedAtMs <= HOLDOVER_MS;
}

/**
 * Where the operating system does not know, its clock is taken if it is later than every good time before; unless the
 * machine was started since, and the clock shows hardly more than the time since that start: a box without a battery
 * begins where it was shut down. A clock that somebody set is taken, and one that GNSS has contradicted is not.
 */
function mayBeRight(state: ClockMachine, systemMs: number, evidence: SystemEvidence): boolean {
  if (evidence === 'undisciplined' || !isPlausible(state, systemMs)) return false;
  const { observedBaseMs, systemBaseMs } = state;
  if (observedBaseMs !== undefined && Math.abs(systemBaseMs - observedBaseMs) > CONTRADICTION_MS)
    return false;
  if (state.hasBeenSet || state.trust === 'assumed') return true;
  return systemMs > state.latestMs - STEP_MS && (evidence === 'rtc' || !state.mayHaveStopped);
}

function isPlausible({ latestMs }: ClockMachine, utcMs: number): boolean {
  const knownMs = Math.max(latestMs, EARLIEST_MS);
  return utcMs >= EARLIEST_MS && utcMs > knownMs - LONGEST_BACK_MS && utcMs < knownMs + LONGEST_AHEAD_MS;
}

function observe(before: ClockMachine, observation: TimeObservation): ClockStep {
  const { source, utcMs, monotonicMs, errorMs } = observation;
  if (!isPlausible(before, utcMs)) {
    if (before.refused.includes(source)) return { state: before, changes: [] };
    const refused = [...before.refused, source];
    return { state: { ...before, refused }, changes: [{ kind: 'refused', source, utcMs }] };
  }
  const observedBaseMs = utcMs - monotonicMs;
  const state = { ...before, observedBaseMs, refused: before.refused.filter((one) => one !== source) };
  // NTP is better than a serial line, and the offset between the two shows in `observedBaseMs`.
  if (before.follows === 'system' && before.trust === 'disciplined') return { state, changes: [] };
  const vouched = { follows: 'monotonic', trust: 'observed', source, vouchedAtMs: monotonicMs } as const;
  const offMs = observedBaseMs - before.baseMs;
  if (isHeld(before, monotonicMs) && Math.abs(offMs) <= 2 * errorMs) {
    const baseMs = before.baseMs + offMs * SMOOTHING;
    const next = { ...state, ...vouched, baseMs, latestMs: baseMs + monotonicMs, candidate: undefined };
    return { state: next, changes: syncChanges(before, next, 0) };
  }
  const candidate = agreed(before.candidate, observation);
  const isAgainstUs = utcMs < before.latestMs - SUSPICIOUS_MS;
  if (candidate.count < (isAgainstUs ? AGREEING_AGAINST_US : AGREEING)) {
    return { state: { ...state, candidate }, changes: [] };
  }
  const { baseMs } = candidate;
  const nowMs = baseMs + monotonicMs;
  const next = { ...state, ...vouched, baseMs, latestMs: nowMs, candidate: undefined };
  const wasMs = timeOf(before, before.systemBaseMs + monotonicMs, monotonicMs);
  return { state: next, changes: syncChanges(before, next, nowMs - wasMs) };
}

function agreed(before: Candidate | undefined, { source, utcMs, monotonicMs, errorMs }: TimeObservation) {
  const baseMs = utcMs - monotonicMs;
  const fits = before?.source === source && Math.abs(baseMs - before.baseMs) <= before.errorMs + errorMs;
  if (!fits) return { source, baseMs, errorMs, count: 1 };
  const count = before.count + 1;
  return { source, errorMs, count, baseMs: before.baseMs + (baseMs - before.baseMs) / count };
}

function syncChanges(before: ClockMachine, after: ClockMachine, byMs: number): ClockChange[] {
  const isOther = isSynced(before) !== isSynced(after) || before.source !== after.source;
  if (!isOther && Math.abs(byMs) < STEP_MS) return [];
  if (isSynced(after)) return [{ kind: 'synced', source: after.source, byMs }];
  return isSynced(before) ? [{ kind: 'unsynced', byMs }] : [];
}
