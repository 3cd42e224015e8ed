'use strict';

/** How long a command may take until its outcome is known; the gateway refuses to act on it later. */
const VALID_S = 30;
/** A command without an outcome, or with a bad one, is given again after this, if it is still wished. */
const PENDING_MS = 45_000;
const RETRY_MS = 60_000;

/**
 * Whether an ask for a valve has to become a command. Pure: (state, input) → { state, send }, `send` being the value to
 * command or `undefined`.
 *
 * Renewing lives from the asks alone: there is no timer that could go on when nobody asks any more. A lease is renewed by
 * the first ask in its second half; the asks before that, and repeats of "close", cost no command.
 *
 * Inputs: `{ is: 'ask', open, renew, nowMs }` · `{ is: 'sent', id, open, leaseMs, nowMs }` ·
 * `{ is: 'outcome', id, outcome }` · `{ is: 'ended', cause, nowMs }`, the gateway has closed the valve.
 */
const START = Object.freeze({ command: undefined });

function valveWish(state, input) {
  switch (input.is) {
    case 'ask':
      return { state, send: needsCommand(state.command, input) ? input.open : undefined };
    case 'sent': {
      const { id, open, leaseMs, nowMs } = input;
      return { state: { command: { id, open, leaseMs, sentMs: nowMs } } };
    }
    case 'outcome': {
      const { command } = state;
      if (command?.id !== input.id) return { state };
      return { state: { command: { ...command, outcome: input.outcome } } };
    }
    case 'ended': {
      const { command } = state;
      if (!command?.open) return { state };
      if (input.cause === 'lapsed') return { state: START };
      // Somebody or an interlock had a reason: whoever still wishes it open waits as after a refusal.
      return { state: { command: { ...command, outcome: 'ended', sentMs: input.nowMs } } };
    }
    default:
      throw new TypeError(`unknown input ${input.is}`);
  }
}

function needsCommand(command, { open, renew, nowMs }) {
  if (!renew || command?.open !== open) return true;
  const sinceMs = nowMs - command.sentMs;
  if (sinceMs < 0) return true;
  if (command.outcome === undefined) return sinceMs >= PENDING_MS;
  if (command.outcome !== 'applied') return sinceMs >= RETRY_MS;
  // By this machine's clock alone: the lease of the gateway began no earlier than this.
  return open && sinceMs >= command.leaseMs / 2;
}

module.exports = { valveWish, START, VALID_S };
