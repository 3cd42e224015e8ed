import { encodePayload } from '../../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { formatTopic } from '../../core/sparkplug/topic.ts';
import { gatewayName } from '../gateway-name.ts';
import type { HostEffect, Instant } from './host-effect.ts';
import type { HostState, NodeState } from './host-state.ts';

export const REBIRTH_METRIC = 'Node Control/Rebirth';

const LONGEST_INTERVAL_FACTOR = 64;
/** A busy machine calls late: what the rate allowed meanwhile is made up for, but no more than this. */
const LONGEST_LAG_MS = 1_000;
/** A day: past 25 of them a timer would run over, and ring at once. */
const LONGEST_INTERVAL_MS = 86_400_000;

/** One for all that wait for the common rate. No gateway's timer has this key: each has a name behind a space. */
export const QUEUE_TIMER_KEY = 'rebirths';

export function rebirthTimerKey(node: NodeState): string {
  return `rebirth ${gatewayName(node)}`;
}

/**
 * Asks a node for its births, now or as soon as its own interval and the common rate allow. The interval doubles where
 * births came and did not help, and for a node that was never born and may be made up: either is left alone for longer
 * and longer. From one that is known, no answer means that the request was lost or came before it listened, so it is
 * asked again soon.
 */
export function askForBirth(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  const { rebirth } = node;
  rebirth.needed = true;
  if (rebirth.plan === 'send') return;
  if (rebirth.notBeforeMs > at.monotonicMs) {
    if (rebirth.plan === 'none') {
      rebirth.plan = 'look-again';
      lookAgainIn(node, rebirth.notBeforeMs - at.monotonicMs, effects);
    }
    return;
  }
  const { rebirths } = state;
  if (rebirths.queue.size === 0 && rebirths.nextMs <= at.monotonicMs) {
    send(state, node, at, effects);
    return;
  }
  rebirth.plan = 'send';
  rebirths.queue.add(node);
  if (rebirths.queue.size === 1) callNextIn(rebirths.nextMs - at.monotonicMs, effects);
}

/**
 * For a node that was alive before the connection broke. Many are born again by themselves, because they saw this
 * host go; one that is not, and has nothing to say, would pass for offline until its next value.
 */
export function expectBirth(state: HostState, node: NodeState, effects: HostEffect[]): void {
  node.rebirth.needed = true;
  node.rebirth.plan = 'look-again';
  lookAgainIn(node, state.options.rebirthIntervalMs, effects);
}

/** The node's own interval is over: the birth may have come by itself meanwhile. */
export function onRebirthTimer(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  node.rebirth.plan = 'none';
  if (node.rebirth.needed) askForBirth(state, node, at, effects);
}

/** The common rate allows one more, or several where this comes late. */
export function onQueueTimer(state: HostState, at: Instant, effects: HostEffect[]): void {
  const { rebirths } = state;
  let dueMs = Math.max(rebirths.nextMs, at.monotonicMs - LONGEST_LAG_MS);
  for (const node of rebirths.queue) {
    rebirths.queue.delete(node);
    node.rebirth.plan = 'none';
    send(state, node, at, effects, dueMs);
    dueMs = rebirths.nextMs;
    if (dueMs > at.monotonicMs) break;
  }
  if (rebirths.queue.size > 0) callNextIn(rebirths.nextMs - at.monotonicMs, effects);
}

/** It was born. Whether that helped shows when it has to be asked again. */
export function wasAnswered({ rebirth }: NodeState): void {
  rebirth.needed = false;
  rebirth.isAnswered = rebirth.notBeforeMs > 0;
}

/** It died, or the connection broke: what it is asked next has nothing to do with what it was asked before. */
export function startAfresh(state: HostState, { rebirth }: NodeState): void {
  rebirth.needed = false;
  rebirth.isAnswered = false;
  rebirth.notBeforeMs = 0;
  rebirth.intervalMs = state.options.rebirthIntervalMs;
}

export function cancelRebirth(state: HostState, node: NodeState, effects: HostEffect[]): void {
  if (node.rebirth.plan === 'send') {
    state.rebirths.queue.delete(node);
    if (state.rebirths.queue.size === 0) effects.push({ kind: 'cancelTimer', key: QUEUE_TIMER_KEY });
  }
  if (node.rebirth.plan === 'look-again') effects.push({ kind: 'cancelTimer', key: rebirthTimerKey(node) });
  node.rebirth.plan = 'none';
}

function lookAgainIn(node: NodeState, delayMs: number, effects: HostEffect[]): void {
  effects.push({ kind: 'timer', key: rebirthTimerKey(node), delayMs });
}

function callNextIn(delayMs: number, effects: HostEffect[]): void {
  effects.push({ kind: 'timer', key: QUEUE_TIMER_KEY, delayMs });
}

/** `dueMs`: when the common rate allowed it. */
function send(
  state: HostState,
  node: NodeState,
  at: Instant,
  effects: HostEffect[],
  dueMs = at.monotonicMs,
): void {
  const { rebirth } = node;
  const { rebirthIntervalMs: shortestMs, rebirthsPerS } = state.options;
  state.rebirths.nextMs = dueMs + 1000 / rebirthsPerS;
  const isFruitless = rebirth.isAnswered || state.neverBorn.has(node);
  const wasInVain =
    isFruitless && rebirth.notBeforeMs > 0 && at.monotonicMs < rebirth.notBeforeMs + rebirth.intervalMs;
  rebirth.intervalMs = wasInVain
    ? Math.min(rebirth.intervalMs * 2, shortestMs * LONGEST_INTERVAL_FACTOR, LONGEST_INTERVAL_MS)
    : shortestMs;
  rebirth.isAnswered = false;
  rebirth.notBeforeMs = at.monotonicMs + rebirth.intervalMs;
  effects.push(rebirthCommand(node, at.nowMs));
}

/** NCMD: QoS 0, not retained, no seq, timestamped (tck-id-payloads-ncmd-qos and its neighbours). */
function rebirthCommand({ site, gateway, rebirth }: NodeState, nowMs: number): HostEffect {
  const metric = { name: REBIRTH_METRIC, timeMs: nowMs, dataType: DATA_TYPES.Boolean, value: true };
  const metrics = [rebirth.alias === undefined ? metric : { ...metric, alias: rebirth.alias }];
  return {
    kind: 'publish',
    topic: formatTopic({ site, type: 'NCMD', gateway }),
    payload: encodePayload({ timeMs: nowMs, metrics }),
    qos: 0,
    retain: false,
  };
}
