import type { PropertyValue } from '../core/sparkplug/payload.ts';
import type { Sequence } from './sequence.ts';

export interface HostOptions {
  readonly hostId: string;
  /** How long a message may be overtaken by later ones before it counts as lost. */
  readonly reorderMs: number;
  /** The shortest time between two rebirth requests to one node; it doubles while they do not help. */
  readonly rebirthIntervalMs: number;
  /** Rebirth requests to all nodes together, so that a restart does not call for every birth at once. */
  readonly rebirthsPerS: number;
  readonly maxGateways: number;
  /** Bounds the metrics that are known of a gateway and its devices together, and the devices. */
  readonly maxSeriesPerGateway: number;
}

/** A metric as its birth described it. One object lives from birth to rebirth, so that work can be tied to it. */
export interface MetricDefinition {
  readonly site: string;
  readonly gateway: string;
  /** Empty for a metric of the gateway itself. */
  readonly device: string;
  readonly name: string;
  readonly dataType: number | undefined;
  readonly properties: Readonly<Record<string, PropertyValue>>;
}

/** The metrics of a node or of one of its devices. */
export interface MetricTable {
  /** An alias that was given to several metrics stands for none. */
  readonly byAlias: Map<number, MetricDefinition | 'ambiguous'>;
  readonly byName: Map<string, MetricDefinition>;
}

export interface DeviceState {
  readonly device: string;
  online: boolean;
  sinceMs: number;
  lastSeenMs: number;
  metrics: MetricTable;
}

export interface NodeState {
  readonly site: string;
  readonly gateway: string;
  /** Born and not dead since this host connected: only then do aliases mean anything. */
  online: boolean;
  sinceMs: number;
  lastSeenMs: number;
  bdSeq: number | undefined;
  metrics: MetricTable;
  readonly devices: Map<string, DeviceState>;
  /** In all tables of the node and its devices. */
  metricCount: number;
  sequence: Sequence | undefined;
  /** Messages that never came, as far as `seq` shows. */
  missedMessages: number;
  rebirth: RebirthState;
}

export interface RebirthState {
  needed: boolean;
  /** What is to happen when the timer that is running for it runs out. */
  plan: 'none' | 'look-again' | 'send';
  /** Monotonic. */
  notBeforeMs: number;
  intervalMs: number;
  /** Some nodes want to be asked by the alias that they gave to `Node Control/Rebirth`. */
  alias: number | undefined;
}

/**
 * What a host application knows. One owner keeps it and hands it to `stepHost`, which changes it in place: copying
 * thousands of alias tables for each message would cost more than the messages.
 */
export interface HostState {
  readonly options: HostOptions;
  readonly nodes: Map<string, NodeState>;
  /** Those of them that were only ever heard of, oldest first. */
  readonly neverBorn: Set<NodeState>;
  /** The timestamp of this connection's will and births; `undefined` while not connected. */
  connectedAtMs: number | undefined;
  /** Monotonic time of the first free place in the queue of rebirth requests. */
  nextRebirthMs: number;
}

export function createHostState(options: HostOptions): HostState {
  return {
    options,
    nodes: new Map(),
    neverBorn: new Set(),
    connectedAtMs: undefined,
    nextRebirthMs: 0,
  };
}

export function emptyMetricTable(): MetricTable {
  return { byAlias: new Map(), byName: new Map() };
}

export function createNode(site: string, gateway: string, nowMs: number, options: HostOptions): NodeState {
  return {
    site,
    gateway,
    online: false,
    sinceMs: nowMs,
    lastSeenMs: nowMs,
    bdSeq: undefined,
    metrics: emptyMetricTable(),
    devices: new Map(),
    metricCount: 0,
    sequence: undefined,
    missedMessages: 0,
    rebirth: {
      needed: false,
      plan: 'none',
      notBeforeMs: 0,
      intervalMs: options.rebirthIntervalMs,
      alias: undefined,
    },
  };
}

export function createDevice(device: string, nowMs: number): DeviceState {
  return { device, online: false, sinceMs: nowMs, lastSeenMs: nowMs, metrics: emptyMetricTable() };
}
