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
  let unknown: NotTaken | undefined;
  let ambiguous: NotTaken | undefined;
  for (const metric of payload.metrics) {
    let definition = findDefinition(table, metric);
    if (!definition && node.metricCount < limit) definition = define(table, node, device, metric);
    const { alias, value } = metric;
    const isNotTaken = definition === undefined && value !== null;
    if (alias !== undefined && table.byAlias.get(alias) === 'ambiguous') {
      // Said even where each value brings its name, as in the birth: those that follow will not.
      ambiguous = { alias, readings: (ambiguous?.readings ?? 0) + (isNotTaken ? 1 : 0) };
    } else if (isNotTaken) {
      unknown = { alias: alias ?? 0, readings: (unknown?.readings ?? 0) + 1 };
    }
    if (definition && value !== null && !isProtocolMetric(definition.name)) {
      metrics.push(metric);
      definitions.push(definition);
    }
  }
  const { site, gateway } = node;
  if (metrics.length > 0) {
    const defaultTimeMs = payload.timeMs ?? at.nowMs;
    effects.push({ kind: 'readings', site, gateway, metrics, definitions, defaultTimeMs });
  }
  const source = device === '' ? `gateway ${gateway}` : `device ${device} of gateway ${gateway}`;
  const refuse = ({ readings }: NotTaken, error: SluiceError) =>
    effects.push({ kind: 'refused', site, gateway, error, readings });
  // Where a birth is at fault, another one would bring the same again.
  if (ambiguous) {
    refuse(ambiguous, new SluiceError('ALIAS_AMBIGUOUS', { alias: ambiguous.alias, node: source }));
  }
  if (unknown && node.metricCount >= limit) {
    refuse(unknown, seriesLimit(state, node));
  } else if (unknown) {
    refuse(unknown, new SluiceError('METRIC_UNKNOWN', { alias: unknown.alias, node: source }));
    node.rebirth.needed = true;
  }
}

/** Values of one message that nothing can be made of, and one of the aliases they came under. */
interface NotTaken {
  readonly alias: number;
  readonly readings: number;
}

export function findDefinition(
  table: MetricTable,
  metric: Pick<Metric, 'name' | 'alias'>,
): MetricDefinition | undefined {
  if (metric.name !== undefined) return table.byName.get(metric.name);
  const found = metric.alias === undefined ? undefined : table.byAlias.get(metric.alias);
  return found === 'ambiguous' ? undefined : found;
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
  if (alias !== undefined) table.byAlias.set(alias, table.byAlias.has(alias) ? 'ambiguous' : definition);
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
