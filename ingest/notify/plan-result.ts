import type { Delivery } from './delivery.ts';
import { PlanDraft, type PlanStep } from './plan-draft.ts';
import { isStateWay, type PlanOptions, type PlanState, waitMs } from './plan-state.ts';

export interface DeliveryResult {
  readonly delivery: Delivery;
  readonly nowMs: number;
  readonly error?: { readonly code: string; readonly message: string; readonly retryable: boolean };
  /** From 0 to 1, so that what failed together is not tried again together. */
  readonly jitter: number;
}

/** What becomes of messages that were tried: sent, tried again later, or given up. */
export function planResults(
  state: PlanState,
  results: readonly DeliveryResult[],
  options: PlanOptions,
): PlanStep {
  const draft = new PlanDraft(state);
  for (const result of results) noteResult(draft, result, options);
  return draft.done();
}

function noteResult(draft: PlanDraft, result: DeliveryResult, options: PlanOptions): void {
  const { nowMs, error, jitter } = result;
  const { lane, way } = result.delivery;
  const delivery = draft.lanes.get(lane)?.find(({ id }) => id === result.delivery.id) ?? result.delivery;
  const tries = delivery.tries + 1;
  // A first try ahead of now: the clock was set back since.
  const firstTryMs = Math.min(delivery.firstTryMs ?? nowMs, nowMs);
  if (!error) {
    const { error: _old, ...sent } = delivery;
    draft.replace({ ...sent, tries, firstTryMs, state: 'sent', doneMs: nowMs });
    draft.broken.delete(lane);
    if (!isStateWay(way)) {
      remember(draft, lane, nowMs, options.perContact.perMs);
      remember(draft, way.kind, nowMs, options.perWay[way.kind].perMs);
    }
    return;
  }
  const { code, message, retryable } = error;
  const tried: Delivery = { ...delivery, tries, firstTryMs, error: { code, message } };
  const isTooOld = nowMs - firstTryMs >= options.giveUpMs && 1.25 * triedMs(tries) >= options.giveUpMs;
  if ((retryable || isWaitedFor(code, delivery)) && (!isTooOld || isShown(delivery))) {
    draft.replace({ ...tried, dueMs: nowMs + Math.round(waitMs(tries) * (0.8 + 0.4 * jitter)) });
    return;
  }
  draft.replace({ ...tried, state: 'failed', doneMs: nowMs });
  if (!isStateWay(way))
    draft.broken.set(lane, {
      ...{ contact: delivery.contact, kind: way.kind, reason: message },
      sinceMs: draft.broken.get(lane)?.sinceMs ?? nowMs,
    });
}

/** A clock that is set ahead, or a program that did not run, is no time in which a message was tried. */
function triedMs(tries: number): number {
  return Array.from({ length: tries - 1 }, (_, n) => waitMs(n + 1)).reduce((sum, ms) => sum + ms, 0);
}

/** What is open is shown until it is over, however long the broker is away. */
function isShown({ way, items }: Delivery): boolean {
  return isStateWay(way) && items.every(({ what }) => what !== 'cleared');
}

/** A way that is not set up may be so after the next restart. Whoever tests it wants to know now, and a state is stated again. */
function isWaitedFor(code: string, { way, items }: Delivery): boolean {
  return code === 'WAY_NOT_SET_UP' && !isStateWay(way) && items.every(({ what }) => what !== 'test');
}

function remember(draft: PlanDraft, key: string, nowMs: number, perMs: number): void {
  const before = (draft.sentMs.get(key) ?? []).filter((ms) => ms > nowMs - perMs);
  draft.sentMs.set(key, [...before, nowMs]);
}
