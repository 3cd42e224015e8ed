import { encodePayload } from '../core/sparkplug/encode-payload.ts';
import { DATA_TYPES } from '../core/sparkplug/payload.ts';
import { formatTopic } from '../core/sparkplug/topic.ts';
import { gatewayName } from './gateway-name.ts';
import type { HostEffect, Instant } from './host-effect.ts';
import type { HostState, NodeState } from './host-state.ts';

export const REBIRTH_METRIC = 'Node Control/Rebirth';

const LONGEST_INTERVAL_FACTOR = 64;
/** A day: past 25 of them a timer would run over, and ring at once. */
const LONGEST_INTERVAL_MS = 86_400_000;

export function rebirthTimerKey(node: NodeState): string {
  return `rebirth ${gatewayName(node)}`;
}

/**
 * Asks a node for its births, now or as soon as its own interval and the common rate allow. A node that is asked
 * again right after its interval was not helped by the last request, so the interval doubles; it falls back once a
 * node has been left alone for twice as long.
 */
export function askForBirth(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  const { rebirth } = node;
  rebirth.needed = true;
  if (rebirth.plan === 'send') return;
  if (rebirth.notBeforeMs > at.monotonicMs) {
    if (rebirth.plan === 'none') {
      plan(node, 'look-again', rebirth.notBeforeMs - at.monotonicMs, effects);
    }
    return;
  }
  // Each node takes a place in the common queue, so that a thousand of them need a thousand timers and not more.
  const placeMs = Math.max(at.monotonicMs, state.nextRebirthMs);
  state.nextRebirthMs = placeMs + 1000 / state.options.rebirthsPerS;
  if (placeMs > at.monotonicMs) plan(node, 'send', placeMs - at.monotonicMs, effects);
  else send(state, node, at, effects);
}

/**
 * For a node that was alive before the connection broke. Many are born again by themselves, because they saw this
 * host go; one that is not, and has nothing to say, would pass for offline until its next value.
 */
export function expectBirth(state: HostState, node: NodeState, effects: HostEffect[]): void {
  node.rebirth.needed = true;
  plan(node, 'look-again', state.options.rebirthIntervalMs, effects);
}

/** The timer of `askForBirth` ran out: the birth may have come by itself meanwhile. */
export function onRebirthTimer(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  const { rebirth } = node;
  const isItsPlace = rebirth.plan === 'send';
  rebirth.plan = 'none';
  if (!rebirth.needed) return;
  if (isItsPlace) send(state, node, at, effects);
  else askForBirth(state, node, at, effects);
}

export function cancelRebirth(node: NodeState, effects: HostEffect[]): void {
  if (node.rebirth.plan === 'none') return;
  node.rebirth.plan = 'none';
  effects.push({ kind: 'cancelTimer', key: rebirthTimerKey(node) });
}

function plan(
  node: NodeState,
  what: NodeState['rebirth']['plan'],
  delayMs: number,
  effects: HostEffect[],
): void {
  node.rebirth.plan = what;
  effects.push({ kind: 'timer', key: rebirthTimerKey(node), delayMs });
}

function send(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  const { rebirth } = node;
  const shortestMs = state.options.rebirthIntervalMs;
  const isRepeated = rebirth.notBeforeMs > 0 && at.monotonicMs < rebirth.notBeforeMs + rebirth.intervalMs;
  rebirth.intervalMs = isRepeated
    ? Math.min(rebirth.intervalMs * 2, shortestMs * LONGEST_INTERVAL_FACTOR, LONGEST_INTERVAL_MS)
    : shortestMs;
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
