import { randomUUID } from 'node:crypto';
import { COMMAND_PROPERTIES, type CommandRequest } from '../../core/command.ts';
import { reasonOf } from '../../core/errors.ts';
import { CARE_METRIC } from '../../core/gateway-event.ts';
import { LEDGER_METRICS, type LedgerConfirmation, parseConfirmation } from '../../core/ledger.ts';
import { PLAN_METRIC } from '../../core/links/link-plan.ts';
import { decodePayload } from '../../core/sparkplug/decode-payload.ts';
import type { Metric } from '../../core/sparkplug/payload.ts';
import { type MetricTable, REBIRTH } from './metric-table.ts';

/** What one NCMD or DCMD asks for, in its order; `problems` are in words for the log. */
export interface EdgeCommands {
  readonly isRebirth: boolean;
  readonly commands: readonly CommandRequest[];
  readonly confirmations: readonly LedgerConfirmation[];
  readonly careRequests: readonly string[];
  /** Texts of `Links/Plan`. */
  readonly plans: readonly string[];
  readonly problems: readonly string[];
}

/** A command of a host that does not know ours is given an id here, and has no lease and no expiry. */
const FOREIGN_ISSUER = 'sparkplug';
const COMMAND_ID = /^[A-Za-z0-9_-]{1,64}$/;
const LONGEST_ISSUER = 128;

/**
 * Reads an NCMD (`device` empty) or DCMD. One metric that cannot be used costs the others nothing. Whether a metric may
 * be commanded, and to which value, is for others to judge.
 */
export function readCommands(bytes: Uint8Array, device: string, table: MetricTable): EdgeCommands {
  const found = {
    isRebirth: false,
    commands: [] as CommandRequest[],
    confirmations: [] as LedgerConfirmation[],
    careRequests: [] as string[],
    plans: [] as string[],
    problems: [] as string[],
  };
  let metrics: readonly Metric[] = [];
  try {
    ({ metrics } = decodePayload(bytes, (metric) => table.find(device, metric)?.dataType));
  } catch (error) {
    found.problems.push(reasonOf(error));
  }
  for (const metric of metrics) {
    const { name, value } = metric;
    if (device === '' && name === REBIRTH) found.isRebirth ||= value === true;
    else if (device === '' && name === LEDGER_METRICS.confirm) {
      const confirmation = typeof value === 'string' ? parseConfirmation(value) : undefined;
      if (confirmation) found.confirmations.push(confirmation);
      else found.problems.push('a ledger confirmation cannot be read');
    } else if (device === '' && name === CARE_METRIC) {
      if (typeof value === 'string') found.careRequests.push(value);
      else found.problems.push('a care request is no text');
    } else if (device === '' && name === PLAN_METRIC) {
      if (typeof value === 'string') found.plans.push(value);
      else found.problems.push('a plan of links is no text');
    } else {
      const command = commandOf(metric, device, table);
      if (typeof command === 'string') found.problems.push(command);
      else found.commands.push(command);
    }
  }
  return found;
}

function commandOf(metric: Metric, device: string, table: MetricTable): CommandRequest | string {
  const name = metric.name ?? table.find(device, metric)?.name;
  if (name === undefined || name.length > 256) return `no metric has the alias ${metric.alias ?? 'none'}`;
  const value = typeof metric.value === 'bigint' ? Number(metric.value) : metric.value;
  if (typeof value !== 'boolean' && !(typeof value === 'number' && Number.isFinite(value))) {
    return `the value for ${name} is neither a number nor a boolean`;
  }
  const properties = metric.properties ?? {};
  const id = properties[COMMAND_PROPERTIES.id];
  if (id === undefined) {
    const foreign = { id: randomUUID(), issuer: FOREIGN_ISSUER, leaseMs: 0, expiresAtMs: 0 };
    return { ...foreign, device, metric: name, value };
  }
  if (typeof id !== 'string' || !COMMAND_ID.test(id)) return `the id of a command for ${name} is not valid`;
  const [leaseMs, expiresAtMs] = [COMMAND_PROPERTIES.leaseMs, COMMAND_PROPERTIES.expiresAtMs].map((key) => {
    const given = properties[key] ?? 0;
    // An empty text or `false` would count as 0.
    return typeof given === 'number' || typeof given === 'bigint' ? Number(given) : Number.NaN;
  }) as [number, number];
  // A lease that cannot be read must not become none: the command would stand for ever.
  if (
    !Number.isSafeInteger(leaseMs) ||
    leaseMs < 0 ||
    !Number.isSafeInteger(expiresAtMs) ||
    expiresAtMs < 0
  ) {
    return `the lease or expiry of command ${id} for ${name} is not a number of milliseconds`;
  }
  const issuer = String(properties[COMMAND_PROPERTIES.issuer] ?? '').slice(0, LONGEST_ISSUER);
  return { id, device, metric: name, value, leaseMs, expiresAtMs, issuer };
}
