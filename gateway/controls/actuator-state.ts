import type { SluiceError } from '../../core/errors.ts';

export type Phase = 'unknown' | 'closing' | 'closed' | 'opening' | 'open';

export type CloseCause = 'lapsed' | 'closed' | 'interlock' | 'start' | 'unleased';

export interface Lease {
  readonly command: string;
  readonly value: number;
  readonly leaseMs: number;
  /** Counted from before the write: the device may have opened as early as that. */
  readonly endsAtMs: number;
}

/** An opening on its way to the device. */
export interface Asked extends Lease {
  readonly write: number;
  /** The device sleeps: its driver writes when it wakes, until `notAfterMs`, and the lease begins then. */
  readonly isQueued: boolean;
  readonly notAfterMs: number;
}

export interface Closing {
  readonly sinceMs: number;
  /** It was closed for all that was known: telling it once more opens nothing. */
  readonly wasClosed: boolean;
  readonly cause: CloseCause;
  /** The command whose lease it ends; empty where there was none. */
  readonly lease: string;
  /** Commands that asked for it and have no outcome yet. */
  readonly waiting: readonly string[];
  readonly reason: SluiceError | undefined;
  readonly write: number;
  readonly failures: number;
  /** `undefined` while a write is under way. */
  readonly retryAtMs: number | undefined;
  /** The device sleeps; its driver writes when it wakes. */
  readonly isQueued: boolean;
  /** That it is not confirmed has been said. */
  readonly isTold: boolean;
}

/** What is out of order with a point that should be safe. */
export type Trouble = 'unleased-open' | 'cannot-close' | 'max-run';

export interface ActuatorState {
  readonly phase: Phase;
  readonly lease: Lease | undefined;
  readonly asked: Asked | undefined;
  readonly closing: Closing | undefined;
  /** When it left its safe value: renewals do not change it. */
  readonly openSinceMs: number | undefined;
  /** When it was last told something: until it has settled, what it reports may be older. */
  readonly toldAtMs: number;
  /** It has been seen safe since it was last closed. */
  readonly wasSeenSafe: boolean;
  /** Since when it is seen open and nobody here opened it. */
  readonly strangeSinceMs: number | undefined;
  readonly troubles: readonly Trouble[];
  /** Openings without an end that were overtaken by a close: one of them may still act. */
  readonly lateOpenings: readonly number[];
  readonly writes: number;
}

export interface ActuatorRules {
  readonly safeValue: number;
  readonly maxRunMs: number;
  readonly settleMs: number;
  readonly unleased: 'close' | 'report' | 'allow';
}

export type ActuatorInput =
  | {
      readonly kind: 'open';
      readonly command: string;
      readonly value: number;
      readonly leaseMs: number;
      /** After it the opening may not be written any more. */
      readonly notAfterMs: number;
    }
  | {
      readonly kind: 'close';
      readonly cause: CloseCause;
      readonly command?: string;
      readonly reason?: SluiceError;
    }
  /** The end of write number `write`. */
  | { readonly kind: 'written'; readonly write: number; readonly value: number }
  | { readonly kind: 'failed'; readonly write: number; readonly error: SluiceError }
  /** The driver keeps it until the device wakes. */
  | { readonly kind: 'queued'; readonly write: number }
  /** It was never sent, and never will be. */
  | { readonly kind: 'expired'; readonly write: number }
  /** An opening of an earlier life of the gateway has reached the device. */
  | { readonly kind: 'stray' }
  | { readonly kind: 'seen'; readonly value: number }
  /** The device has answered something: what waits to be tried again need not. */
  | { readonly kind: 'reached' }
  | { readonly kind: 'time' };

export type ActuatorEffect =
  | {
      readonly kind: 'write';
      readonly write: number;
      readonly value: number;
      /** 0 for the safe value. */
      readonly leaseMs: number;
      readonly notAfterMs: number;
      readonly command: string;
    }
  | {
      readonly kind: 'outcome';
      readonly command: string;
      readonly outcome: 'applied' | 'refused' | 'failed' | 'expired';
      readonly leaseEndsAtMs?: number;
      readonly reason?: SluiceError;
    }
  | {
      readonly kind: 'lease-ended';
      readonly command: string;
      readonly cause: CloseCause;
      readonly isConfirmed: boolean;
      readonly reason?: SluiceError;
    }
  | { readonly kind: 'trouble'; readonly trouble: Trouble; readonly isRaised: boolean };

export interface ActuatorStep {
  readonly state: ActuatorState;
  readonly effects: readonly ActuatorEffect[];
}

/** How long after its last moment the driver may take to say that a queued opening was not written. */
const QUEUE_GRACE_MS = 60_000;

export const NEW_ACTUATOR: ActuatorState = {
  phase: 'unknown',
  lease: undefined,
  asked: undefined,
  closing: undefined,
  openSinceMs: undefined,
  toldAtMs: 0,
  wasSeenSafe: false,
  strangeSinceMs: undefined,
  troubles: [],
  lateOpenings: [],
  writes: 0,
};

/** A device that scales and rounds gives back nearly what it was given. */
export function isSame(a: number, b: number): boolean {
  return Math.abs(a - b) <= Math.max(0.05, 0.005 * Math.abs(b));
}

/** Whether an opening can be taken now; one that comes while another write is under way is refused, not queued. */
export function isReady({ phase, asked, lateOpenings }: ActuatorState): boolean {
  return (phase === 'closed' || phase === 'open') && !asked && lateOpenings.length === 0;
}

/** Whether water may run: everything but a confirmed close that nothing contradicts. */
export function mayBeOpen({ phase, closing, strangeSinceMs }: ActuatorState): boolean {
  return (phase !== 'closed' && !closing?.wasClosed) || strangeSinceMs !== undefined;
}

/** Known to be open: by a lease, also while it is being renewed, or by another hand. */
export function isOpenNow({ phase, lease, strangeSinceMs }: ActuatorState): boolean {
  return phase === 'open' || (phase === 'opening' && lease !== undefined) || strangeSinceMs !== undefined;
}

/** When `time` must come next. */
export function nextDueMs(rules: ActuatorRules, state: ActuatorState): number | undefined {
  const { closing, lease, asked, strangeSinceMs } = state;
  const dues = [closing?.retryAtMs, lease?.endsAtMs, asked && askedUntilMs(asked)].filter(
    (due) => due !== undefined,
  );
  if (strangeSinceMs !== undefined && !closing) dues.push(strangeSinceMs + rules.maxRunMs);
  return dues.length === 0 ? undefined : Math.min(...dues);
}

export function askedUntilMs({ isQueued, notAfterMs, endsAtMs }: Asked): number {
  return isQueued ? notAfterMs + QUEUE_GRACE_MS : endsAtMs;
}
