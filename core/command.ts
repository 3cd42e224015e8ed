import { DATA_TYPES, type DataType, type Metric } from './sparkplug/payload.ts';

/**
 * A command to a point of a device. It travels as one metric of a DCMD: the name of a writable metric and its value,
 * with these properties beside it. Opening is a lease: after `leaseMs` the gateway brings the point back to its safe
 * value by itself, whatever else is gone. A later command for the same point replaces the lease, so renewing is opening
 * again; going to the safe value needs no lease.
 */
export interface CommandRequest {
  /** Chosen by the issuer, unique for ever: a repeat with the same id is the same command. 1 to 64 characters of an id. */
  readonly id: string;
  /** Empty for a point of the gateway itself. */
  readonly device: string;
  /** Metric name, such as `irrigation/valve_state/v3`. */
  readonly metric: string;
  readonly value: number | boolean;
  /** 0 where none is given. A plain Sparkplug host gives none. */
  readonly leaseMs: number;
  /** UTC; after it the command must not act. 0 where the issuer named none. */
  readonly expiresAtMs: number;
  /** Who asked, for the audit: a user, a token, a flow. */
  readonly issuer: string;
}

/** Where a command ended. Each ends in exactly one of them. */
export const COMMAND_OUTCOMES = ['applied', 'refused', 'failed', 'expired'] as const;
export type CommandOutcome = (typeof COMMAND_OUTCOMES)[number];

export const COMMAND_PROPERTIES = {
  id: 'commandId',
  leaseMs: 'leaseMs',
  expiresAtMs: 'expiresAtMs',
  issuer: 'issuer',
} as const;

export function commandMetric(request: CommandRequest, dataType: DataType, nowMs: number): Metric {
  return {
    name: request.metric,
    timeMs: nowMs,
    dataType,
    value: dataType === DATA_TYPES.Boolean ? Boolean(request.value) : Number(request.value),
    properties: {
      [COMMAND_PROPERTIES.id]: request.id,
      [COMMAND_PROPERTIES.leaseMs]: request.leaseMs,
      [COMMAND_PROPERTIES.expiresAtMs]: request.expiresAtMs,
      [COMMAND_PROPERTIES.issuer]: request.issuer,
    },
  };
}
