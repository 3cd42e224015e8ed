import type { PropertyValue } from '../../core/sparkplug/payload.ts';
import type { PlainPlace } from './plain-data.ts';
import type { Sequence } from './sequence.ts';

export interface HostOptions {
  readonly hostId: string;
  /** How long a message may be overtaken by later ones before it counts as lost. */
  readonly reorderMs: number;
  /** The shortest time between two rebirth requests to one node; it doubles while they do not help. */
  readonly rebirthIntervalMs: number;
  /** How long a node that was known before this host connected may say nothing until it is asked whether it lives. */
  readonly silenceMs: number;
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
  /** The fingerprint of the births that it comes from (`core/ledger.ts`); `undefined` where they told none. */
  readonly births: string | undefined;
  /** An alias that was given to several metrics stands for none. */
  readonly byAlias: Map<number, MetricDefinition | 'ambiguous'>;
  readonly byName: Map<string, MetricDefinition>;
  /** By alias, what plain data may use (`plain-data.ts`); filled as it comes, emptied whenever an alias is given. */
  readonly places: PlainPlace[];
}

/** Whether something lives, as far as this host can know. */
export interface PresenceState {
  online: boolean;
  sinceMs: number;
  lastSeenMs: number;
  /** Known from before this host connected and not heard of since. It goes on where data comes under the births known. */
  isUnheard: boolean;
  /** When it was last heard of; only means something while it is unheard. */
  wasOnline: boolean;
}

export interface DeviceState extends PresenceState {
  readonly device: string;
  metrics: MetricTable;
}

/** `online`: born and not dead since this host connected, or speaking under births that it knows. */
export interface NodeState extends PresenceState {
  readonly site: string;
  readonly gateway: string;
  /** How often it has been asked in vain whether it lives. */
  silences: number;
  bdSeq: number | undefined;
  /** Of the plan of links that its last birth named, empty for none; `undefined` for a gateway that takes no plans. */
  planVersion: string | undefined;
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
  /** A birth has come since the last request. */
  isAnswered: boolean;
  /** `look-again` when its own timer runs out; `send` when its turn comes in the common queue. */
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
  /** Those that wait to be asked for their births, longest first, and the monotonic time from which the next may be. */
  readonly rebirths: { readonly queue: Set<NodeState>; nextMs: number };
}

export function createHostState(options: HostOptions): HostState {
  return {
    options,
    nodes: new Map(),
    neverBorn: new Set(),
    connectedAtMs: undefined,
    rebirths: { queue: new Set(), nextMs: 0 },
  };
}

export function emptyMetricTable(births?: string): MetricTable {
  return { births, byAlias: new Map(), byName: new Map(), places: [] };
}

export function createNode(site: string, gateway: string, nowMs: number, options: HostOptions): NodeState {
  return {
    site,
    gateway,
    ...newPresence(nowMs),
    silences: 0,
    bdSeq: undefined,
    planVersion: undefined,
    metrics: emptyMetricTable(),
    devices: new Map(),
    metricCount: 0,
    sequence: undefined,
    missedMessages: 0,
    rebirth: {
      needed: false,
      isAnswered: false,
      plan: 'none',
      notBeforeMs: 0,
      intervalMs: options.rebirthIntervalMs,
      alias: undefined,
    },
  };
}

export function createDevice(device: string, nowMs: number): DeviceState {
  return { device, ...newPresence(nowMs), metrics: emptyMetricTable() };
}

function newPresence(nowMs: number): PresenceState {
  return { online: false, sinceMs: nowMs, lastSeenMs: nowMs, isUnheard: false, wasOnline: false };
}
