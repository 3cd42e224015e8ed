import { type ErrorDetails, SluiceError, type Words } from '../../core/errors.ts';
import { EVENT_METRIC } from '../../core/gateway-event.ts';
import { isId } from '../../core/ids.ts';
import { findQuantity, type Quantity } from '../../core/quantities.ts';
import { BIRTH_PROPERTIES, parseMetricName } from '../../core/sparkplug/metric-name.ts';
import { DATA_TYPES } from '../../core/sparkplug/payload.ts';
import { gatewayName } from '../gateway-name.ts';
import type { HostState, MetricDefinition, MetricTable } from '../session/host-state.ts';
import type { CommandWish } from './command-record.ts';

const MOST_NAMED = 12;
const LONGEST_VALID_S = 3_600;
const INTEGER_TYPES: ReadonlySet<number> = new Set([
  DATA_TYPES.Int8,
  DATA_TYPES.Int16,
  DATA_TYPES.Int32,
  DATA_TYPES.Int64,
  DATA_TYPES.UInt8,
  DATA_TYPES.UInt16,
  DATA_TYPES.UInt32,
  DATA_TYPES.UInt64,
]);
const NUMBER_TYPES: ReadonlySet<number> = new Set([...INTEGER_TYPES, DATA_TYPES.Float, DATA_TYPES.Double]);

export interface CheckedTarget {
  readonly dataType: number;
  readonly alias?: number;
}

/**
 * Whether a command can go out: its target is there and takes such a value, and what opens is leased. The gateway's
 * interlocks have the last word; this only stops what is surely wrong. Throws an error of the catalogue.
 */
export function checkCommand(host: HostState, wish: CommandWish, maxLeaseS: number): CheckedTarget {
  if (wish.id !== undefined && !isId(wish.id)) {
    throw new SluiceError('ID_INVALID', { kind: 'command', value: wish.id.slice(0, 80) });
  }
  const { definition, alias } = findMetric(host, wish);
  if (definition.properties[BIRTH_PROPERTIES.writable] === false) {
    throw new SluiceError('COMMAND_NOT_WRITABLE', { metric: wish.metric });
  }
  checkValue(wish, definition);
  checkTimes(wish, maxLeaseS);
  // A gateway that keeps leases tells how each one ends as an event; nobody else closes what it has opened.
  const name = gatewayName(wish);
  const knowsLeases = host.nodes.get(name)?.metrics.byName.has(EVENT_METRIC) ?? false;
  if (Number(wish.value) !== 0 && !knowsLeases)
    throw new SluiceError('COMMAND_LEASE_UNKNOWN', { gateway: name });
  return { dataType: definition.dataType!, ...(alias === undefined ? {} : { alias }) };
}

function findMetric(
  host: HostState,
  { site, gateway, device, metric }: CommandWish,
): { definition: MetricDefinition; alias: number | undefined } {
  const name = gatewayName({ site, gateway });
  const node = host.nodes.get(name);
  const theGateway = { en: `gateway ${name}`, zh: `网关 ${name}` };
  if (!node) throw unknown(theGateway, host.nodes.keys());
  if (!node.online) throw offline(theGateway, node.sinceMs);
  let table: MetricTable = node.metrics;
  if (device !== '') {
    const found = node.devices.get(device);
    const theDevice = { en: `device ${device} of gateway ${name}`, zh: `网关 ${name} 的设备 ${device}` };
    if (!found) throw unknown(theDevice, node.devices.keys());
    if (!found.online) throw offline(theDevice, found.sinceMs);
    table = found.metrics;
  }
  const definition = table.byName.get(metric);
  if (!definition) {
    const owner = device === '' ? name : `${name}/${device}`;
    throw unknown({ en: `metric ${metric} of ${owner}`, zh: `${owner} 的指标 ${metric}` }, writableOf(table));
  }
  for (const [alias, one] of table.byAlias) if (one === definition) return { definition, alias };
  return { definition, alias: undefined };
}

/** What a command may name; what only can be read would be no help. */
function* writableOf(table: MetricTable): Iterable<string> {
  for (const [name, { properties }] of table.byName) {
    if (properties[BIRTH_PROPERTIES.writable] !== false) yield name;
  }
}

function unknown(what: Words, known: Iterable<string>): SluiceError {
  const names = [...known];
  const shown = names.slice(0, MOST_NAMED).join(', ');
  const details: ErrorDetails = { what, known: names.length > MOST_NAMED ? `${shown}, …` : shown || '–' };
  return new SluiceError('COMMAND_TARGET_UNKNOWN', details);
}

function offline(what: Words, sinceMs: number): SluiceError {
  return new SluiceError('COMMAND_TARGET_OFFLINE', { what, since: new Date(sinceMs).toISOString() });
}

function checkValue({ metric, value }: CommandWish, { dataType = 0 }: MetricDefinition): void {
  const place = parseMetricName(
    metric,
    (measurement, field) => findQuantity(measurement, field) !== undefined,
  );
  const quantity = findQuantity(place.measurement, place.field);
  const number = Number(value);
  if (takes(dataType, value) && isPossible(quantity, number)) return;
  throw new SluiceError('COMMAND_VALUE_IMPOSSIBLE', {
    metric,
    value: typeof value === 'number' ? String(value) : `${value}`,
    wanted: wantedOf(dataType, quantity),
  });
}

function takes(dataType: number, value: number | boolean): boolean {
  const number = Number(value);
  if (dataType === DATA_TYPES.Boolean) return number === 0 || number === 1;
  if (!NUMBER_TYPES.has(dataType) || !Number.isFinite(number)) return false;
  return !INTEGER_TYPES.has(dataType) || Number.isSafeInteger(number);
}

function isPossible(quantity: Quantity | undefined, number: number): boolean {
  if (!quantity) return true;
  if (quantity.states && !(number in quantity.states)) return false;
  return number >= quantity.min && number <= quantity.max;
}

function wantedOf(dataType: number, quantity: Quantity | undefined) {
  if (dataType !== DATA_TYPES.Boolean && !NUMBER_TYPES.has(dataType)) {
    return { en: 'no command: it is neither a number nor a boolean', zh: '命令（既非数值也非布尔值）' };
  }
  if (quantity?.states) {
    const list = (language: 'en' | 'zh') =>
      Object.entries(quantity.states!)
        .map(([state, words]) => `${state} (${words[language]})`)
        .join(', ');
    return { en: list('en'), zh: list('zh') };
  }
  const range = quantity ? ` ${quantity.min}…${quantity.max} ${quantity.unit}` : '';
  const isBoolean = dataType === DATA_TYPES.Boolean;
  const isWhole = INTEGER_TYPES.has(dataType);
  return {
    en: isBoolean ? 'true or false' : `${isWhole ? 'a whole number' : 'a number'}${range}`,
    zh: isBoolean ? 'true 或 false' : `${isWhole ? '整数' : '数值'}${range}`,
  };
}

/** 0 is closed, off or idle for everything that Sluice drives; whatever else is asked for must end by itself. */
function checkTimes({ metric, value, leaseS, validForS }: CommandWish, maxLeaseS: number): void {
  const isOpening = Number(value) !== 0;
  const isLeaseGood = leaseS === 0 ? !isOpening : leaseS >= 1 && leaseS <= maxLeaseS;
  if (!isLeaseGood)
    throw new SluiceError('COMMAND_LEASE_INVALID', { metric, lease: leaseS, limit: maxLeaseS });
  if (!(validForS >= 1 && validForS <= LONGEST_VALID_S)) {
    throw new SluiceError('REQUEST_INVALID', {
      field: 'validForS',
      problem: { en: `must be from 1 to ${LONGEST_VALID_S}`, zh: `必须在 1 至 ${LONGEST_VALID_S} 之间` },
    });
  }
}
