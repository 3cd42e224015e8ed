import type { Contact, ContactWay } from '../../core/alerts/contact.ts';
import { tellingKey } from './delivery.ts';
import { PlanDraft, type PlanStep } from './plan-draft.ts';
import { isStateWay, laneOf, type PlanState, wayKey } from './plan-state.ts';

interface MoveInput {
  readonly nowMs: number;
  readonly underWay: ReadonlySet<string>;
  readonly newId: () => string;
}

/**
 * A contact has another address, or another way, in the place of one: what waits there goes to the new one. What is under way may get
 * there still, or fail and be dropped, so the new one is sent a message of its own.
 */
export function planMove(state: PlanState, before: Contact, after: Contact, input: MoveInput): PlanStep {
  const draft = new PlanDraft(state);
  const gone = before.ways.filter((way) => !isStateWay(way) && !has(after, way));
  const fresh = after.ways.filter((way) => !isStateWay(way) && !has(before, way));
  for (const way of gone) {
    const sameKind = fresh.findIndex(({ kind }) => kind === way.kind);
    const [to] = fresh.splice(Math.max(0, sameKind), 1);
    if (to) moveLane(draft, before, way, to, input);
  }
  return draft.done();
}

function moveLane(
  draft: PlanDraft,
  { id: contact, ways }: Contact,
  from: ContactWay,
  to: ContactWay,
  { nowMs, underWay, newId }: MoveInput,
): void {
  const lane = laneOf(contact, to, '');
  for (const { firstTryMs: _first, error: _error, ...one } of draft.lanes.get(laneOf(contact, from, '')) ??
    []) {
    if (one.items.every(({ what }) => what === 'test')) continue;
    const isUnderWay = underWay.has(one.id);
    if (!isUnderWay) draft.replace({ ...one, state: 'dropped', doneMs: nowMs });
    draft.add({ ...one, ...(isUnderWay ? { id: newId() } : {}), way: to, lane, dueMs: nowMs, tries: 0 });
    for (const { alert } of one.items) {
      const telling = draft.tellings.get(tellingKey(alert, contact));
      if (telling) draft.put({ ...telling, ways: [...(telling.ways ?? ways.map(wayKey)), wayKey(to)] });
    }
  }
}

function has({ ways }: Contact, way: ContactWay): boolean {
  return ways.some((one) => wayKey(one) === wayKey(way));
}
