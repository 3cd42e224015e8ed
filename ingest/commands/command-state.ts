import type { CommandOutcome } from '../../core/command.ts';

/** A command is sent again this often until it is answered: QoS 0 may lose it, and the gateway passes over repeats. */
const REPEAT_MS = 2_000;
/** How long after its expiry an answer may still be on its way before it counts as unanswered. */
const GRACE_MS = 15_000;

/** `unanswered`: its time was over and nothing is known; the valve may or may not have moved. */
export type CommandState = 'pending' | CommandOutcome | 'unanswered';
export const COMMAND_STATES = [
  'pending',
  'applied',
  'refused',
  'failed',
  'expired',
  'unanswered',
] as const satisfies readonly CommandState[];

export interface Reason {
  readonly code?: string;
  readonly en: string;
  readonly zh: string;
}

/** What its gateway said of a command. Times are UTC. */
export interface CommandAnswer {
  readonly outcome: CommandOutcome;
  readonly timeMs: number;
  readonly leaseEndsMs?: number;
  readonly reason?: Reason;
}

export interface CommandProgress {
  readonly expiresAtMs: number;
  readonly state: CommandState;
  readonly answer?: CommandAnswer;
  /** The answer came when the command had been given up as unanswered. */
  readonly isLate?: boolean;
  /** A later command for the same point was taken: it is sent no more, and may still be answered. */
  readonly isReplaced?: boolean;
}

export type CommandInput =
  | { readonly kind: 'time' | 'replaced'; readonly nowMs: number }
  | { readonly kind: 'answer'; readonly answer: CommandAnswer };

export type CommandEffect =
  | { readonly kind: 'send' }
  | { readonly kind: 'wake'; readonly delayMs: number }
  /** It has just got its end, or the truth about it. */
  | { readonly kind: 'ended' };

export interface CommandStep<T extends CommandProgress> {
  readonly command: T;
  readonly effects: readonly CommandEffect[];
}

/**
 * The life of one command on the side of the host, without I/O and clock:
 *
 *     pending ──answer──▶ applied | refused | failed | expired
 *        └──no answer──▶ unanswered ──late answer──▶ the same four
 *
 * The first answer stands; a repeat changes nothing. What a later command has replaced is not repeated: an opening that was lost
 * would otherwise act after the close that followed it.
 */
export function stepCommand<T extends CommandProgress>(command: T, input: CommandInput): CommandStep<T> {
  if (input.kind === 'answer') {
    if (command.state !== 'pending' && command.state !== 'unanswered') return { command, effects: [] };
    const { answer } = input;
    const late = command.state === 'unanswered' ? { isLate: true } : {};
    return { command: { ...command, state: answer.outcome, answer, ...late }, effects: [{ kind: 'ended' }] };
  }
  if (command.state !== 'pending') return { command, effects: [] };
  if (input.kind === 'replaced') {
    const wake = { kind: 'wake', delayMs: Math.max(0, command.expiresAtMs - input.nowMs) } as const;
    return { command: { ...command, isReplaced: true }, effects: [wake] };
  }
  const leftMs = command.expiresAtMs - input.nowMs;
  if (leftMs > 0) {
    if (command.isReplaced) return { command, effects: [{ kind: 'wake', delayMs: leftMs }] };
    const wake = { kind: 'wake', delayMs: Math.min(REPEAT_MS, leftMs) } as const;
    return { command, effects: [{ kind: 'send' }, wake] };
  }
  const graceMs = leftMs + GRACE_MS;
  if (graceMs > 0) return { command, effects: [{ kind: 'wake', delayMs: graceMs }] };
  return { command: { ...command, state: 'unanswered' }, effects: [{ kind: 'ended' }] };
}
