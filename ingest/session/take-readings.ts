import { asSluiceError, type ErrorCode, SluiceError } from '../../core/errors.ts';
import { decodeMark, type LedgerMark } from '../../core/ledger.ts';
import type { Metric, Payload } from '../../core/sparkplug/payload.ts';
import type { HostEffect, Instant, NumberedMessage } from './host-effect.ts';
import {
  emptyMetricTable,
  type HostState,
  type MetricDefinition,
  type MetricTable,
  type NodeState,
} from './host-state.ts';
import { PlainData, PlainReadings } from './plain-data.ts';
import { isProtocolMetric } from './protocol-metric.ts';
import { senderWords } from './sender-words.ts';

const NOTHING_LEFT_OUT: NumberedMessage['leftOut'] = [];

/** Turns metrics into readings. A metric that brings its name is its own birth, wherever it stands. */
export function takeReadings(
  state: HostState,
  node: NodeState,
  device: string,
  table: MetricTable,
  payload: Payload,
  at: Instant,
  effects: HostEffect[],
  isBirth = false,
): void {
  const { site, gateway } = node;
  const mark = isBirth ? undefined : markOf(node, payload, effects);
  if (!goesBy(table, mark?.births)) {
    // A birth was missed: its aliases may mean other metrics than those known, and a wrong name is worse than waiting.
    const error = new SluiceError('SENDER_UNBORN', { sender: senderWords(gateway, device) });
    effects.push({ kind: 'refused', site, gateway, error, readings: payload.metrics.length });
    node.rebirth.needed = true;
    return;
  }
  if (payload instanceof PlainData) {
    const numbered = mark && { mark, leftOut: NOTHING_LEFT_OUT };
    effects.push(new PlainReadings(node, payload, payload.timeMs ?? at.nowMs, numbered));
    return;
  }
  const metrics: Metric[] = [];
  const definitions: MetricDefinition[] = [];
  let positions: number[] | undefined;
  const leftOut: { position: number; code: ErrorCode }[] = [];
  const limit = state.options.maxSeriesPerGateway;
  let unknown: NotTaken | undefined;
  let ambiguous: NotTaken | undefined;
  for (let position = 0; position < payload.metrics.length; position++) {
    const metric = payload.metrics[position]!;
    let definition = findDefinition(table, metric);
    if (!definition && node.metricCount < limit) definition = define(table, node, device, metric);
    const { alias, value } = metric;
    const isNotTaken = definition === undefined && value !== null;
    const isAmbiguous = alias !== undefined && table.byAlias.get(alias) === 'ambiguous';
    if (isAmbiguous) {
      // Said even where each value brings its name, as in the birth: those that follow will not.
      ambiguous = { alias, readings: (ambiguous?.readings ?? 0) + (isNotTaken ? 1 : 0) };
    } else if (isNotTaken) {
      unknown = { alias: alias ?? 0, readings: (unknown?.readings ?? 0) + 1 };
    }
    if (definition && value !== null && !isProtocolMetric(definition.name)) {
      metrics.push(metric);
      definitions.push(definition);
      positions?.push(position);
    } else if (mark) {
      positions ??= metrics.map((_, index) => index);
      const code = isAmbiguous ? 'ALIAS_AMBIGUOUS' : 'SERIES_LIMIT';
      leftOut.push({ position, code: isNotTaken ? code : 'VALUE_MISSING' });
    }
  }
  // What is not known will be once the gateway is born anew, unless there is no room: so the message has to come again.
  const isFinal = !unknown || node.metricCount >= limit;
  const numbered = mark && isFinal ? numberedMessage(mark, positions, leftOut) : undefined;
  if (metrics.length > 0 || numbered) {
    const defaultTimeMs = payload.timeMs ?? at.nowMs;
    const incoming = { site, gateway, metrics, definitions, defaultTimeMs, isBirth };
    effects.push({ kind: 'readings', ...incoming, ...(numbered ? { numbered } : {}) });
  }
  const refuse = ({ readings }: NotTaken, error: SluiceError) =>
    effects.push({ kind: 'refused', site, gateway, error, readings });
  // Where a birth is at fault, another one would bring the same again.
  if (ambiguous) {
    refuse(
      ambiguous,
      new SluiceError('ALIAS_AMBIGUOUS', { alias: ambiguous.alias, node: senderWords(gateway, device) }),
    );
  }
  if (unknown && node.metricCount >= limit) {
    refuse(unknown, seriesLimit(state, node));
  } else if (unknown) {
    refuse(
      unknown,
      new SluiceError('METRIC_UNKNOWN', { alias: unknown.alias, node: senderWords(gateway, device) }),
    );
    node.rebirth.needed = true;
  }
}

/** The mark of a message with numbered readings. One that cannot be is refused, and its readings are taken all the same. */
function markOf(node: NodeState, payload: Payload, effects: HostEffect[]): LedgerMark | undefined {
  const { body } = payload;
  if (!body) return undefined;
  const { site, gateway } = node;
  try {
    const mark = decodeMark(body);
    if (mark?.kind === 'dropped') {
      effects.push({ kind: 'dropped', site, gateway, mark });
      return undefined;
    }
    const count = payload instanceof PlainData ? payload.values.length : payload.metrics.length;
    if (!mark || mark.count === count) return mark;
    const reason = `a ledger mark is for ${mark.count} readings, and the message has ${count}`;
    throw new SluiceError('PAYLOAD_INVALID', { reason, offset: 0, length: body.length });
  } catch (thrown) {
    effects.push({ kind: 'refused', site, gateway, error: asSluiceError(thrown), readings: 0 });
    return undefined;
  }
}

function numberedMessage(
  mark: LedgerMark,
  positions: readonly number[] | undefined,
  leftOut: NumberedMessage['leftOut'],
): NumberedMessage {
  return positions ? { mark, positions, leftOut } : { mark, leftOut };
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
  table.places.length = 0;
  if (alias !== undefined) table.byAlias.set(alias, table.byAlias.has(alias) ? 'ambiguous' : definition);
  return definition;
}

/** Where either side tells no fingerprint, the order of messages has to do. */
function goesBy(table: MetricTable, births: string | undefined): boolean {
  return births === undefined || table.births === undefined || births === table.births;
}

/** A new table in place of `table`, for births with this fingerprint. */
export function emptied(node: NodeState, table: MetricTable, births?: string): MetricTable {
  node.metricCount -= table.byName.size;
  return emptyMetricTable(births);
}

export function seriesLimit({ options }: HostState, { gateway }: NodeState): SluiceError {
  return new SluiceError('SERIES_LIMIT', { gateway, limit: options.maxSeriesPerGateway });
}
