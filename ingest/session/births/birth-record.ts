import { crc32, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { PropertyValue } from '../../../core/sparkplug/payload.ts';
import {
  createDevice,
  createNode,
  emptyMetricTable,
  type HostOptions,
  type MetricTable,
  type NodeState,
} from '../host-state.ts';

/** What is kept of one gateway over a restart. */
export interface BirthRecord {
  readonly site: string;
  readonly gateway: string;
  readonly online: boolean;
  readonly sinceMs: number;
  readonly lastSeenMs: number;
  /** What its births said, compressed: `packBirths`. */
  readonly births: Uint8Array;
}

type KeptMetric = [
  name: string,
  dataType: number | null,
  properties: Record<string, Exclude<PropertyValue, bigint>>,
  alias?: number,
];

interface KeptTable {
  readonly births: string | null;
  readonly metrics: KeptMetric[];
  /** Aliases that stand for nothing, because several metrics have them. */
  readonly ambiguous: number[];
}

interface KeptBirths {
  readonly rebirthAlias: number | null;
  /** Absent in what an earlier release kept. */
  readonly planVersion?: string | null;
  readonly node: KeptTable;
  readonly devices: Record<
    string,
    KeptTable & { readonly online: boolean; readonly sinceMs: number; readonly lastSeenMs: number }
  >;
}

/**
 * Without a fingerprint no table is kept: nothing could tell whether it still holds. The devices are, so that they are
 * not forgotten.
 */
export function packBirths(node: NodeState): Uint8Array {
  const devices = Array.from(
    node.devices.values(),
    ({ device, online, isUnheard, wasOnline, sinceMs, lastSeenMs, metrics }) => {
      const isAlive = online || (isUnheard && wasOnline);
      return [device, { ...packTable(metrics), online: isAlive, sinceMs, lastSeenMs }];
    },
  );
  const kept = {
    rebirthAlias: node.rebirth.alias ?? null,
    planVersion: node.planVersion ?? null,
    node: packTable(node.metrics),
    devices: Object.fromEntries(devices),
  } satisfies KeptBirths;
  const text = Buffer.from(JSON.stringify(kept));
  const check = Buffer.alloc(4);
  check.writeUInt32LE(crc32(text));
  return Buffer.concat([check, zstdCompressSync(text)]);
}

function packTable({ births, byName, byAlias }: MetricTable): KeptTable {
  if (births === undefined) return { births: null, metrics: [], ambiguous: [] };
  const ambiguous: number[] = [];
  const aliases = new Map<object, number>();
  for (const [alias, definition] of byAlias) {
    if (definition === 'ambiguous') ambiguous.push(alias);
    else aliases.set(definition, alias);
  }
  const metrics = Array.from(byName.values(), (definition): KeptMetric => {
    const { name, dataType, properties } = definition;
    const alias = aliases.get(definition);
    // No property that Sluice reads is a 64-bit integer beyond 2^53.
    const told = Object.entries(properties).filter(
      (one): one is [string, Exclude<PropertyValue, bigint>] => typeof one[1] !== 'bigint',
    );
    const kept = [name, dataType ?? null, Object.fromEntries(told)] as const;
    return alias === undefined ? [...kept] : [...kept, alias];
  });
  return { births, metrics, ambiguous };
}

/** A node as it was known; nothing has been heard of it yet. Throws where the bytes are not what was written. */
export function nodeFromRecord(record: BirthRecord, options: HostOptions): NodeState {
  const { site, gateway, births } = record;
  const text = zstdDecompressSync(births.subarray(4));
  if (crc32(text) !== Buffer.from(births).readUInt32LE(0))
    throw new Error(`the births of ${site}/${gateway} are damaged`);
  const kept = JSON.parse(text.toString()) as KeptBirths;
  const node = createNode(site, gateway, record.lastSeenMs, options);
  Object.assign(node, { sinceMs: record.sinceMs, isUnheard: true, wasOnline: record.online });
  node.metrics = tableOf(node, '', kept.node);
  node.rebirth.alias = kept.rebirthAlias ?? undefined;
  node.planVersion = kept.planVersion ?? undefined;
  node.rebirth.needed = record.online && node.metrics.births === undefined;
  for (const [name, table] of Object.entries(kept.devices)) {
    const device = createDevice(name, table.lastSeenMs);
    Object.assign(device, { sinceMs: table.sinceMs, isUnheard: true, wasOnline: table.online });
    device.metrics = tableOf(node, name, table);
    node.devices.set(name, device);
  }
  return node;
}

function tableOf(node: NodeState, device: string, { births, metrics, ambiguous }: KeptTable): MetricTable {
  const table = emptyMetricTable(births ?? undefined);
  const { site, gateway } = node;
  for (const [name, dataType, properties, alias] of metrics) {
    const definition = { site, gateway, device, name, dataType: dataType ?? undefined, properties };
    table.byName.set(name, definition);
    if (alias !== undefined) table.byAlias.set(alias, definition);
    node.metricCount++;
  }
  for (const alias of ambiguous) table.byAlias.set(alias, 'ambiguous');
  return table;
}
