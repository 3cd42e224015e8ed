import { SluiceError } from '../../core/errors.ts';
import type { SparkplugTopic } from '../../core/sparkplug/topic.ts';
import { gatewayName } from '../gateway-name.ts';
import type { HostEffect, Instant } from './host-effect.ts';
import { createNode, type HostState, type NodeState } from './host-state.ts';
import { cancelRebirth } from './rebirth.ts';
import { silenceTimerKey } from './silence.ts';

/**
 * The node that a message comes from, taken in where it is new. A name costs nothing to make up, so once
 * `maxGateways` are known, the oldest of those that were never born gives up its place: to a birth always, to anything
 * else once it has been asked for its own. Throws `GATEWAY_LIMIT` where there is none.
 */
export function knownNode(
  state: HostState,
  { site, gateway, type }: SparkplugTopic,
  at: Instant,
  effects: HostEffect[],
): NodeState {
  const key = gatewayName({ site, gateway });
  const known = state.nodes.get(key);
  if (known) return known;
  const limit = state.options.maxGateways;
  if (state.nodes.size >= limit && !forgetOne(state, type === 'NBIRTH', effects)) {
    throw new SluiceError('GATEWAY_LIMIT', { gateway: key, limit });
  }
  const node = createNode(site, gateway, at.nowMs, state.options);
  state.nodes.set(key, node);
  state.neverBorn.add(node);
  return node;
}

/** To forget who waits for its place in the queue of rebirth requests would let a flood of names grow the queue. */
function forgetOne(state: HostState, isForBirth: boolean, effects: HostEffect[]): boolean {
  const [oldest] = state.neverBorn;
  if (!oldest) return isForBirth && forgetLongestSilent(state, effects);
  const { needed, notBeforeMs } = oldest.rebirth;
  const isYetToBeAsked = needed && notBeforeMs === 0;
  if (isYetToBeAsked && !isForBirth) return false;
  state.neverBorn.delete(oldest);
  forget(state, oldest, effects);
  return true;
}

/** Known from an earlier run only, and not heard of in this one. */
function forgetLongestSilent(state: HostState, effects: HostEffect[]): boolean {
  let longest: NodeState | undefined;
  for (const node of state.nodes.values()) {
    if (node.isUnheard && (!longest || node.lastSeenMs < longest.lastSeenMs)) longest = node;
  }
  if (longest) forget(state, longest, effects);
  return longest !== undefined;
}

function forget(state: HostState, node: NodeState, effects: HostEffect[]): void {
  cancelRebirth(state, node, effects);
  if (node.isUnheard) effects.push({ kind: 'cancelTimer', key: silenceTimerKey(node) });
  state.nodes.delete(gatewayName(node));
  effects.push({ kind: 'forgotten', site: node.site, gateway: node.gateway });
}
