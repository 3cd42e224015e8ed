import { SluiceError } from '../core/errors.ts';
import type { Metric, Payload } from '../core/sparkplug/payload.ts';
import type { HostEffect, Instant } from './host-effect.ts';
import {
  emptyMetricTable,
  type HostState,
  type MetricDefinition,
  type MetricTable,
  type NodeState,
} from './host-state.ts';

/** Turns metrics into readings. A metric that brings its name is its own birth, wherever it stands. */
export function takeReadings(
  state: HostState,
  node: NodeState,
  device: string,
  table: MetricTable,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
): void {
  const metrics: Metric[] = [];
  const definitions: MetricDefinition[] = [];
  const limit = state.options.maxSeriesPerGateway;
  let unknown = 0;
  let unknownAlias = 0;
  for (const metric of payload.metrics) {
    let definition = findDefinition(table, metric);
    if (!definition && node.metricCount < limit) definition = define(table, node, device, metric);
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
  if (unknown > 0 && node.metricCount >= limit) {
    // Another birth would bring the same ones again.
    effects.push({ kind: 'refused', site, gateway, error: seriesLimit(state, node), readings: unknown });
  } else if (unknown > 0) {
    const source = device === '' ? `gateway ${gateway}` : `device ${device} of gateway ${gateway}`;
    const error = new SluiceError('METRIC_UNKNOWN', { alias: unknownAlias, node: source });
    effects.push({ kind: 'refused', site, gateway, error, readings: unknown });
    node.rebirth.needed = true;
  }
}

export function findDefinition(
  table: MetricTable,
  metric: Pick<Metric, 'name' | 'alias'>,
): MetricDefinition | undefined {
  if (metric.name !== undefined) return table.byName.get(metric.name);
  return metric.alias === undefined ? undefined : table.byAlias.get(metric.alias);
}

function define(
  table: MetricTable,
  node: NodeState,
  device: string,
  { name, alias, dataType, properties = {} }: Metric,
): MetricDefinition | undefined {
  if (name === undefined) return undefined;
  const { site, gateway } = node;
  const definition = { site, gateway, device, name, dataType, properties };
  node.metricCount++;
  table.byName.set(name, definition);
  if (alias !== undefined) table.byAlias.set(alias, definition);
  return definition;
}

/** A new table in place of `table`. */
export function emptied(node: NodeState, table: MetricTable): MetricTable {
  node.metricCount -= table.byName.size;
  return emptyMetricTable();
}

export function seriesLimit({ options }: HostState, { gateway }: NodeState): SluiceError {
  return new SluiceError('SERIES_LIMIT', { gateway, limit: options.maxSeriesPerGateway });
}

/** Metrics that steer the protocol and measure nothing. */
function isProtocolMetric(name: string): boolean {
  return name === 'bdSeq' || name.startsWith('Node Control/') || name.startsWith('Device Control/');
}
