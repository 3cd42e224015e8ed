import type { Delivery } from './delivery.ts';
import { PlanDraft, type PlanStep } from './plan-draft.ts';
import { isStateWay, LONGEST_WAIT_MS, type PlanOptions, type PlanState } from './plan-state.ts';

const FIRST_WAIT_MS = 10_000;

export interface DeliveryResult {
  readonly delivery: Delivery;
  readonly nowMs: number;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  /** From 0 to 1, so that what failed together is not tried again together. */
  readonly jitter: number;
}

/** What becomes of a message that was tried: sent, tried again later, or given up. */
export function planResult(state: PlanState, result: DeliveryResult, options: PlanOptions): PlanStep {
  const { nowMs, error, jitter } = result;
  const { lane, way } = result.delivery;
  const draft = new PlanDraft(state);
  const delivery = state.lanes.get(lane)?.find(({ id }) => id === result.delivery.id) ?? result.delivery;
  const tries = delivery.tries + 1;
  const firstTryMs = delivery.firstTryMs ?? nowMs;
  if (!error) {
    const { error: _old, ...sent } = delivery;
    draft.replace({ ...sent, tries, firstTryMs, state: 'sent', doneMs: nowMs });
    draft.broken.delete(lane);
    if (!isStateWay(way)) {
      remember(draft, lane, nowMs, options.perContact.perMs);
      remember(draft, way.kind, nowMs, options.perWay[way.kind].perMs);
    }
    return draft.done();
  }
  const { code, message, retryable } = error;
  const tried: Delivery = { ...delivery, tries, firstTryMs, error: { code, message } };
  if ((retryable || isWaitedFor(code, delivery)) && nowMs - firstTryMs < options.giveUpMs) {
    const waitMs = Math.min(LONGEST_WAIT_MS, FIRST_WAIT_MS * 2 ** (tries - 1)) * (0.8 + 0.4 * jitter);
    draft.replace({ ...tried, dueMs: nowMs + Math.round(waitMs) });
    return draft.done();
  }
  draft.replace({ ...tried, state: 'failed', doneMs: nowMs });
  if (!isStateWay(way))
    draft.broken.set(lane, {
      ...{ contact: delivery.contact, kind: way.kind, reason: message },
      sinceMs: state.broken.get(lane)?.sinceMs ?? nowMs,
    });
  return draft.done();
}

/** A way that is not set up may be so after the next restart. Whoever tests it wants to know now, and a state is stated again. */
function isWaitedFor(code: string, { way, items }: Delivery): boolean {
  return code === 'WAY_NOT_SET_UP' && !isStateWay(way) && items.every(({ what }) => what !== 'test');
}

function remember(draft: PlanDraft, key: string, nowMs: number, perMs: number): void {
  const before = (draft.sentMs.get(key) ?? []).filter((ms) => ms > nowMs - perMs);
  draft.sentMs.set(key, [...before, nowMs]);
}
