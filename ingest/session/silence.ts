import { gatewayName } from '../gateway-name.ts';
import type { HostEffect, Instant } from './host-effect.ts';
import type { HostState, NodeState } from './host-state.ts';
import { askForBirth } from './rebirth.ts';

/** A request, or its answer, travels at QoS 0 and may be lost. */
const MOST_REQUESTS = 2;

export function silenceTimerKey(node: NodeState): string {
  return `silence ${gatewayName(node)}`;
}

/**
 * For a node whose births are known from before this host connected: its next data may say that it still goes by them,
 * so it is not asked at once. Its death may have passed unseen, so it is asked in the end.
 */
export function listenFor(state: HostState, node: NodeState, effects: HostEffect[]): void {
  node.silences = 0;
  effects.push({ kind: 'timer', key: silenceTimerKey(node), delayMs: state.options.silenceMs });
}

/** One that answers nothing counts as gone, until it speaks. */
export function onSilence(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  if (state.connectedAtMs === undefined || !hasSilence(node)) return;
  if (node.silences >= MOST_REQUESTS) {
    node.wasOnline = false;
    for (const device of node.devices.values()) device.wasOnline = false;
    return;
  }
  node.silences++;
  askForBirth(state, node, at, effects);
  effects.push({ kind: 'timer', key: silenceTimerKey(node), delayMs: state.options.silenceMs });
}

function hasSilence(node: NodeState): boolean {
  if (node.isUnheard) return true;
  for (const { isUnheard, wasOnline } of node.devices.values()) if (isUnheard && wasOnline) return true;
  return false;
}
