import { asSluiceError, SluiceError } from '../../core/errors.ts';
import { decodeBirthMark, decodeMark } from '../../core/ledger.ts';
import { PLAN_VERSION_METRIC } from '../../core/links/link-plan.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import type { Payload } from '../../core/sparkplug/payload.ts';
import {
  EDGE_SUBSCRIPTIONS,
  type MessageType,
  parseTopic,
  type SparkplugTopic,
  stateTopic,
} from '../../core/sparkplug/topic.ts';
import { gatewayName } from '../gateway-name.ts';
import { ledgerOfBirth } from '../ledger/ledger-of-birth.ts';
import type { HostEffect, HostInput, Instant } from './host-effect.ts';
import {
  createDevice,
  type DeviceState,
  type HostState,
  type MetricTable,
  type NodeState,
  type PresenceState,
} from './host-state.ts';
import { knownNode } from './known-node.ts';
import { readPlainData } from './plain-data.ts';
import {
  askForBirth,
  cancelRebirth,
  expectBirth,
  onQueueTimer,
  onRebirthTimer,
  QUEUE_TIMER_KEY,
  REBIRTH_METRIC,
  rebirthTimerKey,
  startAfresh,
  wasAnswered,
} from './rebirth.ts';
import { senderWords } from './sender-words.ts';
import { advanceSequence, type Sequence, startSequence } from './sequence.ts';
import { listenFor, onSilence, silenceTimerKey } from './silence.ts';
import { emptied, findDefinition, seriesLimit, takeReadings } from './take-readings.ts';

/**
 * A Sparkplug B 3.0 host application: follows births, deaths, aliases and sequence numbers of every edge node, and
 * says what is to be done. No I/O and no clock; `state` belongs to the caller and is changed in place (see
 * `HostState`). Nothing that arrives makes it throw: what cannot be used becomes a `refused` effect.
 *
 * Values are taken whatever their `seq` says, because each carries its own time: a gap costs only what is missing.
 * What is missing may have been a birth, so once the reorder time is over the node is asked for a new one.
 */
export function stepHost(state: HostState, input: HostInput): HostEffect[] {
  const effects: HostEffect[] = [];
  switch (input.kind) {
    case 'connected':
      state.connectedAtMs = input.stateTimestampMs;
      // Subscriptions come first, so that no answer to the STATE is missed (tck-id-host-topic-phid-birth-required).
      effects.push({ kind: 'subscribe', topics: [...EDGE_SUBSCRIPTIONS, stateTopic(state.options.hostId)] });
      effects.push(stateOnline(state.options.hostId, input.stateTimestampMs));
      for (const node of state.nodes.values()) {
        if (node.rebirth.needed) expectBirth(state, node, effects);
        else if (node.isUnheard) listenFor(state, node, effects);
      }
      break;
    case 'disconnected':
      state.connectedAtMs = undefined;
      // Births and deaths pass unseen from here on: no alias can be trusted until the next birth, or until data says
      // that it still goes by the births that are known.
      for (const node of state.nodes.values()) lostSight(state, node, input.at, effects);
      break;
    case 'message':
      onMessage(state, input.topic, input.bytes, input.at, effects);
      break;
    case 'timer':
      onTimer(state, input.key, input.at, effects);
      break;
    case 'handedOver': {
      const node = state.nodes.get(gatewayName(input));
      if (node) lostSight(state, node, input.at, effects);
      break;
    }
  }
  return effects;
}

/** The retained STATE of this host, which is also its will with `online` false and the same timestamp. */
export function statePayload(online: boolean, timestampMs: number): string {
  return JSON.stringify({ online, timestamp: timestampMs });
}

function stateOnline(hostId: string, timestampMs: number): HostEffect {
  const payload = statePayload(true, timestampMs);
  return { kind: 'publish', topic: stateTopic(hostId), payload, qos: 1, retain: true };
}

function onMessage(
  state: HostState,
  topic: string,
  bytes: Uint8Array,
  at: Instant,
  effects: HostEffect[],
): void {
  if (topic === stateTopic(state.options.hostId)) {
    onState(state, bytes, effects);
    return;
  }
  let node: NodeState | undefined;
  try {
    const place = parseTopic(topic);
    node = knownNode(state, place, at, effects);
    onEdgeMessage(state, node, place, bytes, at, effects);
  } catch (thrown) {
    // Only a gateway that is known has an account: one for each name that is made up would fill the memory.
    const source = node && { site: node.site, gateway: node.gateway };
    effects.push({ kind: 'refused', ...source, error: asSluiceError(thrown), readings: 0 });
  }
}

/** The will of an earlier connection may arrive late and say that this host is away: it is not. */
function onState(state: HostState, bytes: Uint8Array, effects: HostEffect[]): void {
  if (state.connectedAtMs === undefined) return;
  const isOnline = /"online"\s*:\s*true/.test(Buffer.from(bytes).toString('utf8'));
  if (!isOnline) effects.push(stateOnline(state.options.hostId, state.connectedAtMs));
}

function onEdgeMessage(
  state: HostState,
  node: NodeState,
  { type, device }: SparkplugTopic,
  bytes: Uint8Array,
  at: Instant,
  effects: HostEffect[],
): void {
  const table = device === undefined ? node.metrics : node.devices.get(device)?.metrics;
  const payload = decoded(type, bytes, table);
  if (type === 'NDEATH') {
    onNodeDeath(state, node, payload, at, effects);
    return;
  }
  node.lastSeenMs = at.nowMs;
  if (type === 'NBIRTH') {
    onNodeBirth(state, node, payload, at, effects);
    return;
  }
  if (!node.online && isKnownFrom(node, node.metrics, payload))
    resumeNode(state, node, payload.seq, at, effects);
  if (!node.online) {
    refuseAll(
      node,
      payload,
      new SluiceError('SENDER_UNBORN', { sender: senderWords(node.gateway) }),
      effects,
    );
    askForBirth(state, node, at, effects);
    return;
  }
  followSequence(state, node, payload.seq, effects);
  if (type === 'DBIRTH') onDeviceBirth(state, node, device!, payload, at, effects);
  else if (type === 'DDEATH') onDeviceDeath(node, device!, at, effects);
  else if (type === 'DDATA') onDeviceData(state, node, device!, payload, at, effects);
  else if (type === 'NDATA') takeReadings(state, node, '', node.metrics, payload, at, effects);
  if (node.rebirth.needed) askForBirth(state, node, at, effects);
}

function decoded(type: MessageType, bytes: Uint8Array, table: MetricTable | undefined): Payload {
  const plain = table && (type === 'DDATA' || type === 'NDATA') ? readPlainData(bytes, table) : undefined;
  return plain ?? decodePayload(bytes, table && ((metric) => findDefinition(table, metric)?.dataType));
}

function onNodeBirth(
  state: HostState,
  node: NodeState,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  cancelTimers(state, node, effects);
  state.neverBorn.delete(node);
  wasAnswered(node);
  node.isUnheard = false;
  node.sequence = sequenceFrom(payload.seq);
  node.bdSeq = bdSeqOf(payload);
  node.planVersion = planVersionOf(payload);
  node.rebirth.alias = payload.metrics.find((metric) => metric.name === REBIRTH_METRIC)?.alias;
  // Devices are unknown again until their own births, which follow at once.
  for (const device of node.devices.values()) {
    deviceGone(node, device, at, effects);
    device.metrics = emptied(node, device.metrics);
    device.isUnheard = false;
  }
  if (!node.online) nodeCame(node, at, effects);
  const { site, gateway } = node;
  effects.push({ kind: 'ledger', site, gateway, said: ledgerOfBirth(payload.metrics) });
  node.metrics = emptied(node, node.metrics, decodeBirthMark(payload.body));
  takeReadings(state, node, '', node.metrics, payload, at, effects, true);
  effects.push({ kind: 'born', site, gateway });
}

/**
 * A death belongs to the birth with the same bdSeq; the late will of an earlier connection is ignored
 * (tck-id-payloads-ndeath-bdseq). Where either side sends none, it is believed: a wrong death heals by a rebirth.
 */
function onNodeDeath(
  state: HostState,
  node: NodeState,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  const bdSeq = bdSeqOf(payload);
  if (bdSeq !== undefined && node.bdSeq !== undefined && bdSeq !== node.bdSeq) return;
  nodeGone(state, node, at, effects);
}

function onDeviceBirth(
  state: HostState,
  node: NodeState,
  name: string,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  let device = node.devices.get(name);
  if (!device) {
    if (node.devices.size >= state.options.maxSeriesPerGateway) {
      refuseAll(node, payload, seriesLimit(state, node), effects);
      return;
    }
    device = createDevice(name, at.nowMs);
    node.devices.set(name, device);
  }
  device.metrics = emptied(node, device.metrics, decodeBirthMark(payload.body));
  device.lastSeenMs = at.nowMs;
  device.isUnheard = false;
  if (!device.online) deviceCame(node, device, at, effects);
  takeReadings(state, node, name, device.metrics, payload, at, effects, true);
  effects.push({ kind: 'born', site: node.site, gateway: node.gateway });
}

function onDeviceDeath(node: NodeState, name: string, at: Instant, effects: HostEffect[]): void {
  const device = node.devices.get(name);
  if (!device) return;
  deviceGone(node, device, at, effects);
  device.metrics = emptied(node, device.metrics);
  device.isUnheard = false;
}

function onDeviceData(
  state: HostState,
  node: NodeState,
  name: string,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  const device = node.devices.get(name);
  if (device && !device.online && isKnownFrom(device, device.metrics, payload)) {
    device.isUnheard = false;
    deviceCame(node, device, at, effects);
  }
  if (!device?.online) {
    if (!device && node.devices.size >= state.options.maxSeriesPerGateway) {
      refuseAll(node, payload, seriesLimit(state, node), effects);
      return;
    }
    const sender = senderWords(node.gateway, name);
    refuseAll(node, payload, new SluiceError('SENDER_UNBORN', { sender }), effects);
    node.rebirth.needed = true;
    return;
  }
  device.lastSeenMs = at.nowMs;
  takeReadings(state, node, name, device.metrics, payload, at, effects);
}

function bdSeqOf(payload: Payload): number | undefined {
  const value = payload.metrics.find((metric) => metric.name === 'bdSeq')?.value;
  return typeof value === 'number' ? value : undefined;
}

function planVersionOf(payload: Payload): string | undefined {
  const value = payload.metrics.find((metric) => metric.name === PLAN_VERSION_METRIC)?.value;
  return typeof value === 'string' && /^([0-9a-f]{16})?$/.test(value) ? value : undefined;
}

function sequenceFrom(seq: number | undefined): Sequence | undefined {
  return isSeq(seq) ? startSequence(seq) : undefined;
}

function isSeq(seq: number | undefined): seq is number {
  return seq !== undefined && seq <= 255;
}

/** A node that sends no usable `seq` is taken as it comes. */
function followSequence(
  state: HostState,
  node: NodeState,
  seq: number | undefined,
  effects: HostEffect[],
): void {
  if (!node.sequence || !isSeq(seq)) return;
  const wasWhole = node.sequence.missing.size === 0;
  const step = advanceSequence(node.sequence, seq);
  if (step === 'opened' && wasWhole) {
    effects.push({ kind: 'timer', key: reorderTimerKey(node), delayMs: state.options.reorderMs });
  } else if (step === 'closed') {
    effects.push({ kind: 'cancelTimer', key: reorderTimerKey(node) });
  }
}

function onTimer(state: HostState, key: string, at: Instant, effects: HostEffect[]): void {
  if (key === QUEUE_TIMER_KEY) {
    onQueueTimer(state, at, effects);
    return;
  }
  const node = state.nodes.get(key.slice(key.indexOf(' ') + 1));
  if (!node) return;
  if (key === silenceTimerKey(node)) {
    onSilence(state, node, at, effects);
    return;
  }
  if (key === rebirthTimerKey(node)) {
    onRebirthTimer(state, node, at, effects);
  } else if (key === reorderTimerKey(node) && node.sequence) {
    node.missedMessages += node.sequence.missing.size;
    node.sequence.missing.clear();
    askForBirth(state, node, at, effects);
  }
}

function reorderTimerKey(node: NodeState): string {
  return `reorder ${gatewayName(node)}`;
}

function cancelTimers(state: HostState, node: NodeState, effects: HostEffect[]): void {
  if (node.sequence && node.sequence.missing.size > 0) {
    effects.push({ kind: 'cancelTimer', key: reorderTimerKey(node) });
  }
  cancelRebirth(state, node, effects);
}

/** What is known of its metrics stays until it is born again; nothing is taken by it while it counts as dead. */
function nodeGone(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  cancelTimers(state, node, effects);
  node.sequence = undefined;
  startAfresh(state, node);
  node.isUnheard = false;
  for (const device of node.devices.values()) {
    deviceGone(node, device, at, effects);
    device.isUnheard = false;
  }
  if (!node.online) return;
  node.online = false;
  node.sinceMs = at.nowMs;
  effects.push({ kind: 'presence', site: node.site, gateway: node.gateway, online: false });
}

function nodeCame(node: NodeState, at: Instant, effects: HostEffect[]): void {
  node.online = true;
  node.sinceMs = at.nowMs;
  effects.push({ kind: 'presence', site: node.site, gateway: node.gateway, online: true });
}

/** The connection broke: whether it lives is not known from here on. */
function lostSight(state: HostState, node: NodeState, at: Instant, effects: HostEffect[]): void {
  const mayBeAlive = node.online || node.rebirth.needed;
  const wereAlive = [...node.devices.values()].filter(isOrMayBeOnline);
  const wasOnline = isOrMayBeOnline(node);
  nodeGone(state, node, at, effects);
  if (node.metrics.births === undefined) {
    node.rebirth.needed = mayBeAlive;
    return;
  }
  Object.assign(node, { isUnheard: true, wasOnline });
  for (const device of node.devices.values()) Object.assign(device, { isUnheard: true, wasOnline: false });
  for (const device of wereAlive) device.wasOnline = true;
}

function isOrMayBeOnline({ online, isUnheard, wasOnline }: PresenceState): boolean {
  return online || (isUnheard && wasOnline);
}

/** Also of one that was dead when it was last heard of: what it says now says that it lives. */
function isKnownFrom({ isUnheard }: PresenceState, { births }: MetricTable, { body }: Payload): boolean {
  return isUnheard && births !== undefined && birthsOf(body) === births;
}

function birthsOf(body: Uint8Array | undefined): string | undefined {
  try {
    return body && decodeMark(body)?.births;
  } catch {
    // Refused where its readings are taken.
    return undefined;
  }
}

/** It goes on under the births that are known. Its bdSeq may have moved meanwhile, so the next death is believed. */
function resumeNode(
  state: HostState,
  node: NodeState,
  seq: number | undefined,
  at: Instant,
  effects: HostEffect[],
): void {
  cancelRebirth(state, node, effects);
  node.isUnheard = false;
  node.rebirth.needed = false;
  node.bdSeq = undefined;
  // Its own `seq` is the next to come, so that this very message does not count as a repeat.
  node.sequence = isSeq(seq) ? { next: seq, missing: new Set() } : undefined;
  nodeCame(node, at, effects);
}

function deviceCame(node: NodeState, device: DeviceState, at: Instant, effects: HostEffect[]): void {
  device.online = true;
  device.sinceMs = at.nowMs;
  effects.push(devicePresence(node, device));
}

function deviceGone(node: NodeState, device: DeviceState, at: Instant, effects: HostEffect[]): void {
  if (!device.online) return;
  device.online = false;
  device.sinceMs = at.nowMs;
  effects.push(devicePresence(node, device));
}

function devicePresence({ site, gateway }: NodeState, { device, online }: DeviceState): HostEffect {
  return { kind: 'presence', site, gateway, device, online };
}

function refuseAll(node: NodeState, payload: Payload, error: SluiceError, effects: HostEffect[]): void {
  const readings = payload.metrics.filter((metric) => metric.value !== null).length;
  effects.push({ kind: 'refused', site: node.site, gateway: node.gateway, error, readings });
}
