import { asSluiceError, SluiceError } from '../core/errors.ts';
import { decodePayload } from '../core/sparkplug/decode-payload.ts';
import type { Metric, Payload } from '../core/sparkplug/payload.ts';
import { EDGE_SUBSCRIPTIONS, parseTopic, type SparkplugTopic, stateTopic } from '../core/sparkplug/topic.ts';
import type { HostEffect, HostInput, Instant } from './host-effect.ts';
import {
  createNode,
  type DeviceState,
  emptyMetricTable,
  type HostState,
  type MetricDefinition,
  type MetricTable,
  type NodeState,
} from './host-state.ts';
import { askForBirth, onRebirthTimer, REBIRTH_METRIC, rebirthTimerKey } from './rebirth.ts';
import { advanceSequence, startSequence } from './sequence.ts';

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
      break;
    case 'disconnected':
      state.connectedAtMs = undefined;
      // Births and deaths pass unseen from here on, so no alias can be trusted until the next birth.
      for (const node of state.nodes.values()) nodeGone(node, input.at, effects);
      break;
    case 'message':
      onMessage(state, input.topic, input.bytes, input.at, effects);
      break;
    case 'timer':
      onTimer(state, input.key, input.at, effects);
      break;
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
  let place: SparkplugTopic | undefined;
  try {
    place = parseTopic(topic);
    const node = nodeOf(state, place, at);
    onEdgeMessage(state, node, place, bytes, at, effects);
  } catch (thrown) {
    const source = place && { site: place.site, gateway: place.gateway };
    effects.push({ kind: 'refused', ...source, error: asSluiceError(thrown), readings: 0 });
  }
}

/** The will of an earlier connection may arrive late and say that this host is away: it is not. */
function onState(state: HostState, bytes: Uint8Array, effects: HostEffect[]): void {
  if (state.connectedAtMs === undefined) return;
  const isOnline = /"online"\s*:\s*true/.test(Buffer.from(bytes).toString('utf8'));
  if (!isOnline) effects.push(stateOnline(state.options.hostId, state.connectedAtMs));
}

function nodeOf(state: HostState, { site, gateway }: SparkplugTopic, at: Instant): NodeState {
  const key = `${site}/${gateway}`;
  let node = state.nodes.get(key);
  if (!node) {
    const limit = state.options.maxGateways;
    if (state.nodes.size >= limit) throw new SluiceError('GATEWAY_LIMIT', { gateway: key, limit });
    node = createNode(site, gateway, at.nowMs, state.options);
    state.nodes.set(key, node);
  }
  return node;
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
  const payload = decodePayload(bytes, table && ((metric) => findDefinition(table, metric)?.dataType));
  if (type === 'NDEATH') {
    onNodeDeath(node, payload, at, effects);
    return;
  }
  node.lastSeenMs = at.nowMs;
  if (type === 'NBIRTH') {
    onNodeBirth(node, payload, at, effects);
    return;
  }
  if (!node.online) {
    refuseUnborn(`gateway ${node.gateway}`, node, payload, effects);
    askForBirth(state, node, at, effects);
    return;
  }
  followSequence(state, node, payload.seq, effects);
  if (type === 'DBIRTH') onDeviceBirth(node, device!, payload, at, effects);
  else if (type === 'DDEATH') onDeviceDeath(node, device!, at, effects);
  else if (type === 'DDATA') onDeviceData(node, device!, payload, at, effects);
  else if (type === 'NDATA') takeReadings(node, '', node.metrics, payload, at, effects);
  if (node.rebirth.needed) askForBirth(state, node, at, effects);
}

function onNodeBirth(node: NodeState, payload: Payload, at: Instant, effects: HostEffect[]): void {
  cancelTimers(node, effects);
  node.rebirth.needed = false;
  node.sequence = isSeq(payload.seq) ? startSequence(payload.seq) : undefined;
  node.bdSeq = bdSeqOf(payload);
  node.rebirth.alias = payload.metrics.find((metric) => metric.name === REBIRTH_METRIC)?.alias;
  // Devices are unknown again until their own births, which follow at once.
  for (const device of node.devices.values()) deviceGone(node, device, at, effects);
  if (!node.online) {
    node.online = true;
    node.sinceMs = at.nowMs;
    effects.push({ kind: 'presence', site: node.site, gateway: node.gateway, online: true });
  }
  node.metrics = emptyMetricTable();
  takeReadings(node, '', node.metrics, payload, at, effects);
}

/**
 * A death belongs to the birth with the same bdSeq; the late will of an earlier connection is ignored
 * (tck-id-payloads-ndeath-bdseq). Where either side sends none, it is believed: a wrong death heals by a rebirth.
 */
function onNodeDeath(node: NodeState, payload: Payload, at: Instant, effects: HostEffect[]): void {
  const bdSeq = bdSeqOf(payload);
  if (bdSeq !== undefined && node.bdSeq !== undefined && bdSeq !== node.bdSeq) return;
  nodeGone(node, at, effects);
}

function onDeviceBirth(
  node: NodeState,
  name: string,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  const metrics = emptyMetricTable();
  const known = node.devices.get(name);
  if (known) known.metrics = metrics;
  const device = known ?? { device: name, online: false, sinceMs: at.nowMs, lastSeenMs: at.nowMs, metrics };
  node.devices.set(name, device);
  device.lastSeenMs = at.nowMs;
  if (!device.online) {
    device.online = true;
    device.sinceMs = at.nowMs;
    effects.push(devicePresence(node, device));
  }
  takeReadings(node, name, metrics, payload, at, effects);
}

function onDeviceDeath(node: NodeState, name: string, at: Instant, effects: HostEffect[]): void {
  const device = node.devices.get(name);
  if (device) deviceGone(node, device, at, effects);
}

function onDeviceData(
  node: NodeState,
  name: string,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  const device = node.devices.get(name);
  if (!device?.online) {
    refuseUnborn(`device ${name} of gateway ${node.gateway}`, node, payload, effects);
    node.rebirth.needed = true;
    return;
  }
  device.lastSeenMs = at.nowMs;
  takeReadings(node, name, device.metrics, payload, at, effects);
}

/** Turns metrics into readings. A metric that brings its name is its own birth, wherever it stands. */
function takeReadings(
  node: NodeState,
  device: string,
  table: MetricTable,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  const metrics: Metric[] = [];
  const definitions: MetricDefinition[] = [];
  let unknown = 0;
  let unknownAlias = 0;
  for (const metric of payload.metrics) {
    const definition = findDefinition(table, metric) ?? define(table, node, device, metric);
    if (definition === undefined) {
      if (metric.value === null) continue;
      unknown++;
      unknownAlias = metric.alias ?? 0;
    } else if (metric.value !== null && !isProtocolMetric(definition.name)) {
      metrics.push(metric);
      definitions.push(definition);
    }
  }
  const { site, gateway } = node;
  if (metrics.length > 0) {
    const defaultTimeMs = payload.timeMs ?? at.nowMs;
    effects.push({ kind: 'readings', site, gateway, metrics, definitions, defaultTimeMs });
  }
  if (unknown > 0) {
    const source = device === '' ? `gateway ${gateway}` : `device ${device} of gateway ${gateway}`;
    const error = new SluiceError('METRIC_UNKNOWN', { alias: unknownAlias, node: source });
    effects.push({ kind: 'refused', site, gateway, error, readings: unknown });
    node.rebirth.needed = true;
  }
}

function findDefinition(
  table: MetricTable,
  metric: Pick<Metric, 'name' | 'alias'>,
): MetricDefinition | undefined {
  if (metric.name !== undefined) return table.byName.get(metric.name);
  return metric.alias === undefined ? undefined : table.byAlias.get(metric.alias);
}

function define(
  table: MetricTable,
  { site, gateway }: NodeState,
  device: string,
  { name, alias, dataType, properties = {} }: Metric,
): MetricDefinition | undefined {
  if (name === undefined) return undefined;
  const definition = { site, gateway, device, name, dataType, properties };
  table.byName.set(name, definition);
  if (alias !== undefined) table.byAlias.set(alias, definition);
  return definition;
}

/** Metrics that steer the protocol and measure nothing. */
function isProtocolMetric(name: string): boolean {
  return name === 'bdSeq' || name.startsWith('Node Control/') || name.startsWith('Device Control/');
}

function bdSeqOf(payload: Payload): number | undefined {
  const value = payload.metrics.find((metric) => metric.name === 'bdSeq')?.value;
  return typeof value === 'number' ? value : undefined;
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
  const node = state.nodes.get(key.slice(key.indexOf(' ') + 1));
  if (!node) return;
  if (key === rebirthTimerKey(node)) {
    onRebirthTimer(state, node, at, effects);
  } else if (key === reorderTimerKey(node) && node.sequence) {
    node.missedMessages += node.sequence.missing.size;
    node.sequence.missing.clear();
    askForBirth(state, node, at, effects);
  }
}

function reorderTimerKey(node: NodeState): string {
  return `reorder ${node.site}/${node.gateway}`;
}

function cancelTimers(node: NodeState, effects: HostEffect[]): void {
  if (node.sequence && node.sequence.missing.size > 0) {
    effects.push({ kind: 'cancelTimer', key: reorderTimerKey(node) });
  }
  if (node.rebirth.plan !== 'none') {
    node.rebirth.plan = 'none';
    effects.push({ kind: 'cancelTimer', key: rebirthTimerKey(node) });
  }
}

function nodeGone(node: NodeState, at: Instant, effects: HostEffect[]): void {
  cancelTimers(node, effects);
  node.sequence = undefined;
  node.rebirth.needed = false;
  for (const device of node.devices.values()) deviceGone(node, device, at, effects);
  if (!node.online) return;
  node.online = false;
  node.sinceMs = at.nowMs;
  effects.push({ kind: 'presence', site: node.site, gateway: node.gateway, online: false });
}

function deviceGone(node: NodeState, device: DeviceState, at: Instant, effects: HostEffect[]): void {
  device.metrics = emptyMetricTable();
  if (!device.online) return;
  device.online = false;
  device.sinceMs = at.nowMs;
  effects.push(devicePresence(node, device));
}

function devicePresence({ site, gateway }: NodeState, { device, online }: DeviceState): HostEffect {
  return { kind: 'presence', site, gateway, device, online };
}

function refuseUnborn(who: string, node: NodeState, payload: Payload, effects: HostEffect[]): void {
  const readings = payload.metrics.filter((metric) => metric.value !== null).length;
  const error = new SluiceError('SENDER_UNBORN', { sender: who });
  effects.push({ kind: 'refused', site: node.site, gateway: node.gateway, error, readings });
}
